"""The read model behind the look-up by code."""

from dataclasses import dataclass
from datetime import datetime

from tracker.domain.events import Event
from tracker.projections.projection import DossierProjection
from tracker.projections.rows import changed
from tracker.projections.standing import Standing, begun, changes


@dataclass(frozen=True, kw_only=True)
class StatusRow(Standing):
    """Where a dossier stands, and when we last heard of it."""

    TABLE = "status"
    INDEXES = (("code",),)

    recorded_at: datetime


class StatusProjection(DossierProjection[StatusRow]):
    """Translates events into the status of each dossier."""

    NAME = "status"
    ROWS = (StatusRow,)
    ROW = StatusRow

    def fold(self, row: StatusRow | None, event: Event) -> StatusRow:
        """Give the status after this event."""
        new = changes(row, event) | {"recorded_at": event.recorded_at}
        return changed(row, new) if row else StatusRow(**(begun(event) | new))
