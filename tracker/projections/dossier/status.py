"""The read model behind the look-up by code."""

from datetime import datetime

from msgspec.structs import replace

from tracker.domain.dossier.events.event import Event
from tracker.projections.dossier.dossier_status import (
    DossierStatusRow,
    changed_fields,
    initial_fields,
)
from tracker.projections.model.projection import DossierProjection


class StatusRow(DossierStatusRow, frozen=True, gc=False):
    """The status of a dossier, and when its latest event was recorded."""

    TABLE = "status"
    INDEXES = (("code",),)

    recorded_at: datetime


class StatusProjection(DossierProjection[StatusRow]):
    """Translate events into the status of each dossier."""

    NAME = "status"
    ROWS = (StatusRow,)
    ROW = StatusRow

    def fold(self, row: StatusRow | None, event: Event) -> StatusRow:
        """Return the status after this event."""
        changed = changed_fields(row, event)
        changed["recorded_at"] = event.recorded_at
        return replace(row, **changed) if row else StatusRow(**(initial_fields(event) | changed))
