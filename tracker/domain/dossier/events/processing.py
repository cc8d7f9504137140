"""Events of an office at work on a dossier, up to the decision."""

from dataclasses import dataclass
from datetime import datetime

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Outcome, Paper, Promise, Sealed


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
