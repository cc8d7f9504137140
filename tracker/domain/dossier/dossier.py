"""What may happen to a dossier: every step is decided here, then recorded as an event."""

from datetime import datetime
from typing import Any

from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.delivery_steps import DeliverySteps
from tracker.domain.dossier.events.citizen import Complained, NoticesAgreed, NoticesStopped, Rated
from tracker.domain.dossier.events.intake import Received, Refused, Submitted
from tracker.domain.dossier.events.processing import (
    Decided,
    FeeAsked,
    FeePaid,
    Forwarded,
    InternalStepTaken,
    ProcessingStarted,
    PromiseExtended,
    Resumed,
    Stopped,
    SupplementAsked,
    SupplementReceived,
    Withdrawn,
)
from tracker.domain.dossier.events.records import Corrected, PersonalDataErased
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Correctable,
    NoticeChannel,
    NoticeLanguage,
    Outcome,
    Paper,
    Promise,
    Sealed,
    Stamp,
)
from tracker.domain.errors import InvalidInputError


class SameOfficeError(InvalidInputError):
    """This office has the dossier already."""


class DateNotLaterError(InvalidInputError):
    """The new date must lie after the one promised before."""


class DueTooSoonError(InvalidInputError):
    """What is asked must be due after the time it is asked for."""


class NoSuchEventError(InvalidInputError):
    """There is no event of this version to correct."""


class Dossier(DeliverySteps):
    """One citizen's application: each public method is one step, decided here or refused."""

    TOPIC = "dossier"

    # ------------------------------------------------------------------ intake

    def submit(self, stamp: Stamp, **intake: Any) -> None:  # noqa: ANN401  the event's own fields
        """Hand the dossier in; `intake` holds the fields of `Submitted`."""
        self._check(Step.SUBMITTED, stamp)
        self._record(Submitted, stamp, **intake)

    def receive(self, stamp: Stamp, *, clock: Clock, given: Promise | None, **intake: Any) -> None:  # noqa: ANN401
        """Take the dossier in and promise a date: the one given on a slip, or a reckoned one."""
        self._check(Step.RECEIVED, stamp)
        promise = given or clock.first_promise(stamp.occurred_at)
        self._record(Received, stamp, promise=promise, **intake)

    def refuse(self, stamp: Stamp, *, reason: Sealed, basis: str) -> None:
        """Refuse to take the dossier in."""
        self._check(Step.REFUSED, stamp)
        self._record(Refused, stamp, reason=reason, basis=basis)

    # -------------------------------------------------------------- processing

    def forward(self, stamp: Stamp, *, to_office: str, reason: Sealed | None) -> None:
        """Return the dossier to another office to decide."""
        self._check(Step.FORWARDED, stamp)
        if to_office == self.offices.decided_by:
            message = f"{to_office} has this dossier already."
            raise SameOfficeError(message)
        self._record(Forwarded, stamp, to_office=to_office, reason=reason)

    def start_processing(self, stamp: Stamp) -> None:
        """Take the dossier up."""
        self._check(Step.PROCESSING_STARTED, stamp)
        self._record(ProcessingStarted, stamp)

    def take_internal_step(self, stamp: Stamp, *, name: str, clerk: str, unit: str) -> None:
        """Note what a clerk did."""
        self._check(Step.INTERNAL_STEP_TAKEN, stamp)
        self._record(InternalStepTaken, stamp, name=name, clerk=clerk, unit=unit)

    def ask_supplement(
        self,
        stamp: Stamp,
        *,
        papers: tuple[Paper, ...],
        reason: Sealed,
        basis: str,
        papers_due_at: datetime | None = None,
    ) -> None:
        """Ask papers of the applicant, by a certain time or without one; the clock pauses."""
        self._check(Step.SUPPLEMENT_ASKED, stamp)
        _check_due(papers_due_at, stamp)
        self._record(
            SupplementAsked,
            stamp,
            papers=papers,
            reason=reason,
            basis=basis,
            papers_due_at=papers_due_at,
        )

    def receive_supplement(self, stamp: Stamp, *, papers: tuple[Paper, ...], clock: Clock) -> None:
        """Take the papers asked for; the clock runs again unless another pause is open."""
        self._check(Step.SUPPLEMENT_RECEIVED, stamp)
        promise = self._promise_after(Step.SUPPLEMENT_RECEIVED, stamp, clock)
        self._record(SupplementReceived, stamp, papers=papers, promise=promise)

    def ask_fee(
        self,
        stamp: Stamp,
        *,
        amount: int,
        reason: Sealed,
        basis: str,
        fee_due_at: datetime | None = None,
    ) -> None:
        """Ask a fee, in VND, by a certain time or without one; the clock pauses."""
        self._check(Step.FEE_ASKED, stamp)
        _check_due(fee_due_at, stamp)
        self._record(
            FeeAsked,
            stamp,
            amount=amount,
            reason=reason,
            basis=basis,
            fee_due_at=fee_due_at,
        )

    def pay_fee(self, stamp: Stamp, *, amount: int, reference: str, clock: Clock) -> None:
        """Note that a fee was paid, in VND."""
        self._check(Step.FEE_PAID, stamp)
        promise = self._promise_after(Step.FEE_PAID, stamp, clock)
        self._record(FeePaid, stamp, amount=amount, reference=reference, promise=promise)

    def stop(self, stamp: Stamp, *, reason: Sealed, basis: str) -> None:
        """Stop processing; the clock pauses."""
        self._check(Step.STOPPED, stamp)
        self._record(Stopped, stamp, reason=reason, basis=basis)

    def resume(self, stamp: Stamp, *, reason: Sealed | None, clock: Clock) -> None:
        """Take the dossier up again, whatever it was waiting for."""
        self._check(Step.RESUMED, stamp)
        promise = self._promise_after(Step.RESUMED, stamp, clock)
        self._record(Resumed, stamp, reason=reason, promise=promise)

    def withdraw(self, stamp: Stamp, *, reason: Sealed | None) -> None:
        """Take the dossier back for the applicant."""
        self._check(Step.WITHDRAWN, stamp)
        self._record(Withdrawn, stamp, reason=reason)

    def extend_promise(
        self, stamp: Stamp, *, due_at: datetime, reason: Sealed, basis: str, signer: str
    ) -> None:
        """Promise a later date, with an apology."""
        self._check(Step.PROMISE_EXTENDED, stamp)
        if self.promise and due_at <= self.promise.due_at:
            raise DateNotLaterError
        if due_at <= stamp.occurred_at:
            message = "The new date must lie after the day it is given."
            raise DateNotLaterError(message)
        self._record(
            PromiseExtended,
            stamp,
            promise=Promise(due_at, given=True),
            reason=reason,
            basis=basis,
            signer=signer,
        )

    def decide(
        self, stamp: Stamp, *, outcome: Outcome, reason: Sealed | None, document: str
    ) -> None:
        """Grant or refuse what was applied for."""
        self._check(Step.DECIDED, stamp)
        self._record(Decided, stamp, outcome=outcome, reason=reason, document=document)

    # -------------------------------------------------------------- afterwards

    def rate(self, stamp: Stamp, *, score: int, reason: Sealed | None) -> None:
        """Note the citizen's rating, 1 to 5, once."""
        self._check(Step.RATED, stamp)
        self._record(Rated, stamp, score=score, reason=reason)

    def complain(self, stamp: Stamp, *, text: Sealed) -> None:
        """Note a complaint."""
        self._check(Step.COMPLAINED, stamp)
        self._record(Complained, stamp, text=text)

    def correct(
        self,
        stamp: Stamp,
        *,
        corrects: int,
        what: Correctable,
        value: str,
        sealed: Sealed | None,
        reason: Sealed | None,
    ) -> None:
        """Put a wrong entry right; the wrong one stays in the record."""
        self._check(Step.CORRECTED, stamp)
        if not 1 <= corrects <= self.version:
            raise NoSuchEventError
        if what is Correctable.OCCURRED_AT:
            stamp.check(datetime.fromisoformat(value))
        self._record(
            Corrected,
            stamp,
            corrects=corrects,
            what=what,
            value=value,
            sealed=sealed,
            reason=reason,
        )

    def agree_to_notices(
        self,
        stamp: Stamp,
        *,
        channels: tuple[NoticeChannel, ...],
        language: NoticeLanguage,
        contact: Sealed | None,
    ) -> None:
        """Note that the person agreed to be told what happens; the latest agreement counts."""
        self._check(Step.NOTICES_AGREED, stamp)
        self._record(NoticesAgreed, stamp, channels=channels, language=language, contact=contact)

    def stop_notices(self, stamp: Stamp) -> None:
        """Note that the person wants to be told no more."""
        self._check(Step.NOTICES_STOPPED, stamp)
        self._record(NoticesStopped, stamp)

    def erase_personal_data(self, stamp: Stamp, *, basis: str) -> None:
        """Note that the dossier's key was destroyed."""
        self._check(Step.PERSONAL_DATA_ERASED, stamp)
        self._record(PersonalDataErased, stamp, basis=basis)


def _check_due(due_at: datetime | None, stamp: Stamp) -> None:
    if due_at and due_at <= stamp.occurred_at:
        raise DueTooSoonError
