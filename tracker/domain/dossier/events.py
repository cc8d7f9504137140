"""Everything that can happen to a dossier, as it is stored for ever.

A stored name (`TOPIC`) and a field's name never change; a new meaning is a new event or a `.v2`.
Free text and personal data stand here only `Sealed`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Correctable,
    NoticeChannel,
    NoticeLanguage,
    Offices,
    Outcome,
    Paper,
    Promise,
    Sealed,
    WayOfReturn,
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event bears.

    `originator_id` is the dossier's id, `originator_version` counts its events from 1 without
    gaps; `occurred_at` is when it happened, `recorded_at` when we heard of it (both UTC);
    `source` and `event_id` are the sender's own name for it.
    """

    TOPIC: ClassVar[str]
    step: ClassVar[Step]

    originator_id: UUID
    originator_version: int
    code: str
    occurred_at: datetime
    recorded_at: datetime
    by: Actor
    source: str
    event_id: str


@dataclass(frozen=True, kw_only=True)
class Submitted(Event):
    """Handed in, and nobody has looked at it yet."""

    TOPIC = "dossier.submitted.v1"
    step = Step.SUBMITTED

    channel: str
    offices: Offices
    procedure: str
    procedure_version: int
    papers: tuple[Paper, ...]
    way_of_return: WayOfReturn
    applicant: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Received(Event):
    """Taken in: the receipt is given and the promise starts. `None`: this procedure has none."""

    TOPIC = "dossier.received.v1"
    step = Step.RECEIVED

    channel: str
    offices: Offices
    procedure: str
    procedure_version: int
    papers: tuple[Paper, ...]
    way_of_return: WayOfReturn
    applicant: Sealed | None
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """Not taken in, with reasons (form 03)."""

    TOPIC = "dossier.refused.v1"
    step = Step.REFUSED

    reason: Sealed
    basis: str


@dataclass(frozen=True, kw_only=True)
class Forwarded(Event):
    """Given to another office to decide."""

    TOPIC = "dossier.forwarded.v1"
    step = Step.FORWARDED

    to_office: str
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class ProcessingStarted(Event):
    """The deciding office has taken it up."""

    TOPIC = "dossier.processing_started.v1"
    step = Step.PROCESSING_STARTED


@dataclass(frozen=True, kw_only=True)
class InternalStepTaken(Event):
    """Somebody in the office did their part: the raw material of the control slip (form 06)."""

    TOPIC = "dossier.internal_step_taken.v1"
    step = Step.INTERNAL_STEP_TAKEN

    name: str
    clerk: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class SupplementAsked(Event):
    """Papers are asked of the applicant (form 02); the clock pauses.

    `papers_due_at`: by when they are to be brought, where a time was set.
    """

    TOPIC = "dossier.supplement_asked.v1"
    step = Step.SUPPLEMENT_ASKED

    papers: tuple[Paper, ...]
    reason: Sealed
    basis: str
    papers_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SupplementReceived(Event):
    """The papers asked for have come. `promise`: the new date, where it moves."""

    TOPIC = "dossier.supplement_received.v1"
    step = Step.SUPPLEMENT_RECEIVED

    papers: tuple[Paper, ...]
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class FeeAsked(Event):
    """A fee or tax is asked, in VND; the clock pauses.

    `fee_due_at`: by when it is to be paid, where a time was set.
    """

    TOPIC = "dossier.fee_asked.v1"
    step = Step.FEE_ASKED

    amount: int
    reason: Sealed
    basis: str
    fee_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FeePaid(Event):
    """The fee was paid, in VND. `promise`: the new date, where it moves."""

    TOPIC = "dossier.fee_paid.v1"
    step = Step.FEE_PAID

    amount: int
    reference: str
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """Stopped by the office (form 05); the clock pauses."""

    TOPIC = "dossier.stopped.v1"
    step = Step.STOPPED

    reason: Sealed
    basis: str


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """Taken up again: every open pause ends. `promise`: the new date, where it moves."""

    TOPIC = "dossier.resumed.v1"
    step = Step.RESUMED

    reason: Sealed | None
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    """Taken back by the applicant."""

    TOPIC = "dossier.withdrawn.v1"
    step = Step.WITHDRAWN

    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class PromiseExtended(Event):
    """A later date is promised, with an apology, a reason and a signer (form 04)."""

    TOPIC = "dossier.promise_extended.v1"
    step = Step.PROMISE_EXTENDED

    promise: Promise
    reason: Sealed
    basis: str
    signer: str


@dataclass(frozen=True, kw_only=True)
class Decided(Event):
    """Granted or refused; the result is ready and the office's clock ends."""

    TOPIC = "dossier.decided.v1"
    step = Step.DECIDED

    outcome: Outcome
    reason: Sealed | None
    document: str


@dataclass(frozen=True, kw_only=True)
class HandedToCarrier(Event):
    """The result went to the post. `number_is_s10`: whether the parcel number is a valid S10."""

    TOPIC = "dossier.handed_to_carrier.v1"
    step = Step.HANDED_TO_CARRIER

    carrier: str
    number: str
    number_is_s10: bool


@dataclass(frozen=True, kw_only=True)
class CarrierScannedV1(Event):
    """What `CarrierScanned` was while `place` stood open; it is read, and written no more."""

    TOPIC = "dossier.carrier_scanned.v1"
    step = Step.CARRIER_SCANNED

    number: str
    scan: str
    meaning: str
    place: str
    raw: Sealed | None


@dataclass(frozen=True, kw_only=True)
class CarrierScanned(Event):
    """The carrier saw the parcel. `raw`: what it sent, kept as evidence.

    `whereabouts` is where, in the carrier's own words: it may be somebody's address.
    """

    TOPIC = "dossier.carrier_scanned.v2"
    step = Step.CARRIER_SCANNED

    number: str
    scan: str
    meaning: str
    whereabouts: Sealed | None
    raw: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Delivered(Event):
    """The carrier gave the result to the citizen."""

    TOPIC = "dossier.delivered.v1"
    step = Step.DELIVERED


@dataclass(frozen=True, kw_only=True)
class DeliveryFailed(Event):
    """The carrier could not hand it over."""

    TOPIC = "dossier.delivery_failed.v1"
    step = Step.DELIVERY_FAILED

    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class ReturnedToOffice(Event):
    """The carrier brought the result back."""

    TOPIC = "dossier.returned_to_office.v1"
    step = Step.RETURNED_TO_OFFICE


@dataclass(frozen=True, kw_only=True)
class Collected(Event):
    """The citizen fetched the result at a point."""

    TOPIC = "dossier.collected.v1"
    step = Step.COLLECTED

    at_office: str


@dataclass(frozen=True, kw_only=True)
class DeliveredElectronically(Event):
    """The citizen got the result through the portal."""

    TOPIC = "dossier.delivered_electronically.v1"
    step = Step.DELIVERED_ELECTRONICALLY


@dataclass(frozen=True, kw_only=True)
class Rated(Event):
    """The citizen's rating, 1 to 5."""

    TOPIC = "dossier.rated.v1"
    step = Step.RATED

    score: int
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Complained(Event):
    """The citizen complained."""

    TOPIC = "dossier.complained.v1"
    step = Step.COMPLAINED

    text: Sealed


@dataclass(frozen=True, kw_only=True)
class Corrected(Event):
    """A wrong entry is put right; the wrong one stays in the record.

    `corrects` is the version of the event that was wrong; `value` the right one, `sealed` where
    it is personal.
    """

    TOPIC = "dossier.corrected.v1"
    step = Step.CORRECTED

    corrects: int
    what: Correctable
    value: str
    sealed: Sealed | None
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class NoticesAgreed(Event):
    """The person agreed to be told what happens. `contact`: where to, if not the applicant's."""

    TOPIC = "dossier.notices_agreed.v1"
    step = Step.NOTICES_AGREED

    channels: tuple[NoticeChannel, ...]
    language: NoticeLanguage
    contact: Sealed | None


@dataclass(frozen=True, kw_only=True)
class NoticesStopped(Event):
    """The person wants to be told no more."""

    TOPIC = "dossier.notices_stopped.v1"
    step = Step.NOTICES_STOPPED


@dataclass(frozen=True, kw_only=True)
class PersonalDataErased(Event):
    """The dossier's key was destroyed: nothing sealed in its events can be read any more."""

    TOPIC = "dossier.personal_data_erased.v1"
    step = Step.PERSONAL_DATA_ERASED

    basis: str


EVENTS: dict[str, type[Event]] = {event.TOPIC: event for event in Event.__subclasses__()}
"""Every event by its stored name."""
