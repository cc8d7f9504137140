"""The outbox: what is to be told of each event, and who agreed to be told. Nothing personal."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tracker.domain.dossier.events.citizen import NoticesAgreed, NoticesStopped
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.domain.notifications.notifications import notification_of
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import DossierProjection
from tracker.projections.model.rows import DossierRow, Row


class AudienceRow(DossierRow, frozen=True, gc=False):
    """Who is told of a dossier: by which `channels` (commas between; empty: nobody), since when."""

    TABLE = "audience"

    channels: str
    agreed_at: datetime | None


class OutboxRow(Row, frozen=True, gc=False):
    """One notice: what is told of the dossier's event `version`."""

    TABLE = "outbox"
    KEY = ("dossier_id", "version")
    INDEXES = (("recorded_at", "dossier_id", "version"),)

    version: int
    code: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    due_at: datetime | None
    amount: int | None
    carrier: str
    number: str


class NotificationsProjection(DossierProjection[AudienceRow]):
    """Translates events into what is to be told."""

    NAME = "messages"
    ROWS = (AudienceRow, OutboxRow)
    ROW = AudienceRow

    def fold(self, row: AudienceRow | None, event: Event) -> AudienceRow:
        """Return who is told after this event."""
        row = row or AudienceRow(
            dossier_id=event.originator_id,
            code=event.code,
            version=0,
            channels="",
            agreed_at=None,
        )
        row = replace(row, version=event.originator_version)
        match event:
            case NoticesAgreed():
                return replace(row, channels=",".join(event.channels), agreed_at=event.recorded_at)
            case NoticesStopped() | PersonalDataErased():
                return replace(row, channels="", agreed_at=None)
        return row

    def lines(self, record: Record) -> Sequence[Row]:
        """Return the line of the outbox, where there is something to tell."""
        notice = notification_of(record.event)
        return (OutboxRow(**vars(notice)),) if notice else ()
