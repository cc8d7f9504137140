"""What a person is told of, before they ask: what leads to a message, and what it says.

Nothing personal is in a notice. Who is told, and where, is looked up when it is sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.processing import FeeAsked, SupplementAsked
from tracker.domain.dossier.lifecycle import Step


class NotificationKind(StrEnum):
    """What a notice is about."""

    RECEIVED = "received"
    PAPERS_ASKED = "papers_asked"
    FEE_ASKED = "fee_asked"
    PROMISE_MOVED = "promise_moved"
    READY = "ready"
    HANDED_TO_CARRIER = "handed_to_carrier"
    DELIVERED = "delivered"
    LOCKED = "locked"


KINDS: dict[Step, NotificationKind] = {
    Step.RECEIVED: NotificationKind.RECEIVED,
    Step.SUPPLEMENT_ASKED: NotificationKind.PAPERS_ASKED,
    Step.FEE_ASKED: NotificationKind.FEE_ASKED,
    Step.PROMISE_EXTENDED: NotificationKind.PROMISE_MOVED,
    Step.DECIDED: NotificationKind.READY,
    Step.HANDED_TO_CARRIER: NotificationKind.HANDED_TO_CARRIER,
    Step.DELIVERED: NotificationKind.DELIVERED,
    Step.DELIVERED_ELECTRONICALLY: NotificationKind.DELIVERED,
}
"""Who fetches a result over the counter need not be told."""

NOT_TOLD = frozenset(
    {
        Step.SUBMITTED,
        Step.REFUSED,
        Step.FORWARDED,
        Step.PROCESSING_STARTED,
        Step.INTERNAL_STEP_TAKEN,
        Step.SUPPLEMENT_RECEIVED,
        Step.FEE_PAID,
        Step.STOPPED,
        Step.RESUMED,
        Step.WITHDRAWN,
        Step.CARRIER_SCANNED,
        Step.DELIVERY_FAILED,
        Step.RETURNED_TO_OFFICE,
        Step.COLLECTED,
        Step.RATED,
        Step.COMPLAINED,
        Step.CORRECTED,
        Step.NOTICES_AGREED,
        Step.NOTICES_STOPPED,
        Step.PERSONAL_DATA_ERASED,
    }
)
"""Steps that lead to no notification, on purpose."""

LOCKS_TOLD_EVERY = timedelta(hours=8)
"""Whoever goes on entering wrong digits leads to one message in each such stretch of time."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One thing to be told; known by its dossier and the version of the event behind it.

    Behind `LOCKED` (digits tried in vain, nothing is locked any more) there is no event: its
    `version` is the stretch of time it fell in. `due_at` is the date promised, or by when what is
    asked is to be done; `amount` the fee asked in VND, `carrier` and `number` the parcel's; each
    where it belongs to the kind.
    """

    dossier_id: UUID
    version: int
    code: str
    kind: NotificationKind
    occurred_at: datetime
    recorded_at: datetime
    due_at: datetime | None = None
    amount: int | None = None
    carrier: str = ""
    number: str = ""

    def message_id(self, target: str) -> str:
        """Name this notice to this target: the same name however often it is tried."""
        return f"msg_{uuid5(self.dossier_id, f'{self.version}/{target}').hex}"


def ask_due_at(event: Event) -> datetime | None:
    """Return by when what this event asks of a person is to be done, where a time was set."""
    match event:
        case SupplementAsked():
            return event.papers_due_at
        case FeeAsked():
            return event.fee_due_at
    return None


def notification_of(event: Event) -> Notification | None:
    """Return what is to be told of this event; `None` where it is not for telling."""
    kind = KINDS.get(event.step)
    if kind is None:
        return None
    promise = getattr(event, "promise", None)
    return Notification(
        dossier_id=event.originator_id,
        version=event.originator_version,
        code=event.code,
        kind=kind,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        due_at=promise.due_at if promise else ask_due_at(event),
        amount=getattr(event, "amount", None),
        carrier=getattr(event, "carrier", ""),
        number=getattr(event, "number", ""),
    )


def notification_of_lock(dossier_id: UUID, code: str, locked_at: datetime) -> Notification:
    """Return what the owner is to be told when somebody tried digits at the dossier too often."""
    return Notification(
        dossier_id=dossier_id,
        version=int(locked_at.timestamp() // LOCKS_TOLD_EVERY.total_seconds()),
        code=code,
        kind=NotificationKind.LOCKED,
        occurred_at=locked_at,
        recorded_at=locked_at,
    )
