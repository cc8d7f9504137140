"""The outbox of notifications, and who agreed to receive them. It holds no personal data."""

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
    """A person's consent for a dossier: `channels`, separated by commas, and since when.

    Without consent `channels` is empty.
    """

    TABLE = "audience"

    channels: str
    agreed_at: datetime | None


class OutboxRow(Row, frozen=True, gc=False):
    """One notification for the dossier's event `version`."""

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
    """Translate events into notifications."""

    NAME = "messages"
    ROWS = (AudienceRow, OutboxRow)
    ROW = AudienceRow

    def fold(self, row: AudienceRow | None, event: Event) -> AudienceRow:
        """Return the consent after this event."""
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
        """Return the outbox row, if the event leads to a notification."""
        notification = notification_of(record.event)
        return (OutboxRow(**vars(notification)),) if notification else ()
