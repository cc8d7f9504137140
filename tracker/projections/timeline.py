"""The read model of everything that happened, event by event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.projections.feed import Record
from tracker.projections.projection import Projection
from tracker.projections.rows import Row, View


@dataclass(frozen=True, kw_only=True)
class TimelineRow(Row):
    """One event: what and when, on both axes, and its stored bytes."""

    TABLE = "timeline"
    KEY = ("dossier_id", "version")
    INDEXES = (("step", "recorded_at"),)

    version: int
    step: str
    topic: str
    occurred_at: datetime
    recorded_at: datetime
    state: bytes


class TimelineProjection(Projection):
    """Translates each event into its line of the timeline."""

    NAME = "timeline"
    ROWS = (TimelineRow,)

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Add one line an event."""
        view.add(
            TimelineRow(
                dossier_id=record.event.originator_id,
                version=record.event.originator_version,
                step=record.event.step.value,
                topic=record.event.TOPIC,
                occurred_at=record.event.occurred_at,
                recorded_at=record.event.recorded_at,
                state=record.state,
            )
            for record in records
        )
