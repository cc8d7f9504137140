"""Events of processing, up to the decision."""

from dataclasses import dataclass
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Outcome, Paper, Promise, Sealed


@dataclass(frozen=True, kw_only=True)
class Forwarded(Event):
    """The dossier was forwarded to another office that will decide it."""

    TOPIC = "dossier.forwarded.v1"
    step = Step.FORWARDED

    to_office: str
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class ProcessingStarted(Event):
    """The deciding office started processing."""

    TOPIC = "dossier.processing_started.v1"
    step = Step.PROCESSING_STARTED


@dataclass(frozen=True, kw_only=True)
class InternalStepTaken(Event):
    """A clerk completed an internal step. The control slip (form 06) lists these steps."""

    TOPIC = "dossier.internal_step_taken.v1"
    step = Step.INTERNAL_STEP_TAKEN

    name: str
    clerk: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class SupplementAsked(Event):
    """The office asked the applicant for papers (form 02); the clock pauses.

    `papers_due_at` is when the papers are due, if a time was set.
    """

    TOPIC = "dossier.supplement_asked.v1"
    step = Step.SUPPLEMENT_ASKED

    papers: tuple[Paper, ...]
    reason: Sealed
    basis: str
    papers_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class SupplementReceived(Event):
    """The requested papers arrived. `promise` is the new date, if it moves."""

    TOPIC = "dossier.supplement_received.v1"
    step = Step.SUPPLEMENT_RECEIVED

    papers: tuple[Paper, ...]
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class FeeAsked(Event):
    """The office asked for a fee or tax, in VND; the clock pauses.

    `fee_due_at` is when the payment is due, if a time was set.
    """

    TOPIC = "dossier.fee_asked.v1"
    step = Step.FEE_ASKED

    amount: int
    reason: Sealed
    basis: str
    fee_due_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FeePaid(Event):
    """The fee was paid, in VND. `promise` is the new date, if it moves."""

    TOPIC = "dossier.fee_paid.v1"
    step = Step.FEE_PAID

    amount: int
    reference: str
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Stopped(Event):
    """The office stopped processing (form 05); the clock pauses."""

    TOPIC = "dossier.stopped.v1"
    step = Step.STOPPED

    reason: Sealed
    basis: str


@dataclass(frozen=True, kw_only=True)
class Resumed(Event):
    """Processing resumed: every open pause ends. `promise` is the new date, if it moves."""

    TOPIC = "dossier.resumed.v1"
    step = Step.RESUMED

    reason: Sealed | None
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    """The applicant withdrew the dossier."""

    TOPIC = "dossier.withdrawn.v1"
    step = Step.WITHDRAWN

    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class PromiseExtended(Event):
    """The office promised a later date, with an apology, a reason and a signer (form 04)."""

    TOPIC = "dossier.promise_extended.v1"
    step = Step.PROMISE_EXTENDED

    promise: Promise
    reason: Sealed
    basis: str
    signer: str


@dataclass(frozen=True, kw_only=True)
class Decided(Event):
    """The application was granted or refused; the result is ready and the clock stops."""

    TOPIC = "dossier.decided.v1"
    step = Step.DECIDED

    outcome: Outcome
    reason: Sealed | None
    document: str
