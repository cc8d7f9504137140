"""The read model of all events of each dossier."""

from collections.abc import Sequence
from datetime import datetime

from tracker.projections.model.feed import Record
from tracker.projections.model.projection import Projection, by_dossier, ids, is_next
from tracker.projections.model.rows import Row, View


class TimelineRow(Row, frozen=True, gc=False):
    """One event: its step, both of its times and its stored bytes."""

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
    """Translate each event into its row of the timeline."""

    NAME = "timeline"
    ROWS = (TimelineRow,)

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Add one row an event; skip events that are already there.

        Raise `GapInHistoryError` if an event is missing.
        """
        histories = by_dossier(records)
        versions = view.versions(TimelineRow, ids(histories))
        added: list[TimelineRow] = []
        for before, history in zip(versions, histories, strict=True):
            version = before
            for record in history:
                if is_next(record.event, version):
                    version += 1
                    added.append(_line(record))
        view.add(added)


def _line(record: Record) -> TimelineRow:
    event = record.event
    return TimelineRow(
        dossier_id=event.originator_id,
        version=event.originator_version,
        step=str(event.step),
        topic=event.TOPIC,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        state=record.state,
    )
