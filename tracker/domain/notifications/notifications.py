"""Notifications: which events lead to one, and which facts it contains.

A notification contains no personal data. The sender looks up the recipient and the address.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.processing import FeeAsked, SupplementAsked
from tracker.domain.dossier.lifecycle import Step


class NotificationKind(StrEnum):
    """The subject of a notification."""

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
"""The notification for each step. A result collected at the counter needs none."""

NOT_NOTIFIED = frozenset(
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

LOCK_NOTIFICATION_INTERVAL = timedelta(hours=8)
"""An owner gets at most one notification of wrong digits in each such interval."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One notification, identified by its dossier and the version of its event.

    A `LOCKED` notification (repeated wrong digits; nothing is locked any more) has no event. Its
    `version` is the number of the interval it falls in. `due_at` is the promised date, or the time
    by which the person must act. `amount` is the fee in VND. `carrier` and `number` identify the
    parcel. A field is empty if the kind does not need it.
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
        """Return the id of this notification to this target; the same at every attempt."""
        return f"msg_{uuid5(self.dossier_id, f'{self.version}/{target}').hex}"


def ask_due_at(event: Event) -> datetime | None:
    """Return the time by which the person must do what this event asks; None if none is set."""
    match event:
        case SupplementAsked():
            return event.papers_due_at
        case FeeAsked():
            return event.fee_due_at
    return None


def notification_of(event: Event) -> Notification | None:
    """Return the notification for this event; `None` if the event leads to none."""
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
    """Return the notification for the owner after too many wrong digits."""
    return Notification(
        dossier_id=dossier_id,
        version=int(locked_at.timestamp() // LOCK_NOTIFICATION_INTERVAL.total_seconds()),
        code=code,
        kind=NotificationKind.LOCKED,
        occurred_at=locked_at,
        recorded_at=locked_at,
    )
