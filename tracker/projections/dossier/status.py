"""The read model behind the look-up by code."""

from datetime import datetime

from msgspec.structs import replace

from tracker.domain.dossier.events.event import Event
from tracker.projections.dossier.dossier_status import Standing, begun, changes
from tracker.projections.model.projection import DossierProjection


class StatusRow(Standing, frozen=True, gc=False):
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
        """Return the status after this event."""
        new = changes(row, event)
        new["recorded_at"] = event.recorded_at
        return replace(row, **new) if row else StatusRow(**(begun(event) | new))
