"""What a person is told of, before they ask: which events lead to a message, and what it says.

Nothing personal is in a notice. Who is told, and where, is looked up when it is sent.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from tracker.domain import events as happened
from tracker.domain.events import Event


class NoticeKind(StrEnum):
    """What a notice is about."""

    RECEIVED = "received"
    PAPERS_ASKED = "papers_asked"
    FEE_ASKED = "fee_asked"
    PROMISE_MOVED = "promise_moved"
    READY = "ready"
    HANDED_TO_CARRIER = "handed_to_carrier"
    DELIVERED = "delivered"


KINDS: dict[type[Event], NoticeKind] = {
    happened.Received: NoticeKind.RECEIVED,
    happened.SupplementAsked: NoticeKind.PAPERS_ASKED,
    happened.FeeAsked: NoticeKind.FEE_ASKED,
    happened.PromiseExtended: NoticeKind.PROMISE_MOVED,
    happened.Decided: NoticeKind.READY,
    happened.HandedToCarrier: NoticeKind.HANDED_TO_CARRIER,
    happened.Delivered: NoticeKind.DELIVERED,
    happened.DeliveredElectronically: NoticeKind.DELIVERED,
}
"""Who fetches a result over the counter need not be told."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing to be told; known by its dossier and the version of the event behind it.

    `due_at` is the date promised, or by when papers are to be brought; `amount` the fee asked in
    VND, `carrier` and `number` the parcel's; each where it belongs to the kind.
    """

    dossier_id: UUID
    version: int
    code: str
    kind: NoticeKind
    occurred_at: datetime
    recorded_at: datetime
    due_at: datetime | None = None
    amount: int | None = None
    carrier: str = ""
    number: str = ""

    def message_id(self, target: str) -> str:
        """Name this notice to this target: the same name however often it is tried."""
        return f"msg_{uuid5(self.dossier_id, f'{self.version}/{target}').hex}"


def notice_of(event: Event) -> Notice | None:
    """Give what is to be told of this event; `None` where it is not for telling."""
    kind = KINDS.get(type(event))
    if kind is None:
        return None
    promise = getattr(event, "promise", None)
    return Notice(
        dossier_id=event.originator_id,
        version=event.originator_version,
        code=event.code,
        kind=kind,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        due_at=promise.due_at if promise else getattr(event, "papers_due_at", None),
        amount=getattr(event, "amount", None),
        carrier=getattr(event, "carrier", ""),
        number=getattr(event, "number", ""),
    )
