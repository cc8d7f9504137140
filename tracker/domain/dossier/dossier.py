"""The steps of a dossier: each method checks one step, then records it as an event."""

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
    """This office already has the dossier."""


class DateNotLaterError(InvalidInputError):
    """The new date must be later than the date promised before."""


class DueTooSoonError(InvalidInputError):
    """The due date must be later than the time of the request."""


class NoSuchEventError(InvalidInputError):
    """There is no event of this version to correct."""


class Dossier(DeliverySteps):
    """One citizen's application. Each public method records one step or raises an error."""

    TOPIC = "dossier"

    # ------------------------------------------------------------------ intake

    def submit(self, stamp: Stamp, **intake: Any) -> None:  # noqa: ANN401  the event's own fields
        """Submit the dossier; `intake` holds the fields of `Submitted`."""
        self._check(Step.SUBMITTED, stamp)
        self._record(Submitted, stamp, **intake)

    def receive(self, stamp: Stamp, *, clock: Clock, given: Promise | None, **intake: Any) -> None:  # noqa: ANN401
        """Receive the dossier and promise a date: the `given` one, or a calculated one."""
        self._check(Step.RECEIVED, stamp)
        promise = given or clock.first_promise(stamp.occurred_at)
        self._record(Received, stamp, promise=promise, **intake)

    def refuse(self, stamp: Stamp, *, reason: Sealed, basis: str) -> None:
        """Refuse to receive the dossier."""
        self._check(Step.REFUSED, stamp)
        self._record(Refused, stamp, reason=reason, basis=basis)

    # -------------------------------------------------------------- processing

    def forward(self, stamp: Stamp, *, to_office: str, reason: Sealed | None) -> None:
        """Forward the dossier to another office that will decide it."""
        self._check(Step.FORWARDED, stamp)
        if to_office == self.offices.decided_by:
            message = f"{to_office} already has this dossier."
            raise SameOfficeError(message)
        self._record(Forwarded, stamp, to_office=to_office, reason=reason)

    def start_processing(self, stamp: Stamp) -> None:
        """Start processing the dossier."""
        self._check(Step.PROCESSING_STARTED, stamp)
        self._record(ProcessingStarted, stamp)

    def take_internal_step(self, stamp: Stamp, *, name: str, clerk: str, unit: str) -> None:
        """Record a clerk's internal step."""
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
        """Ask the applicant for papers, with or without a due date; the clock pauses."""
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
        """Receive the requested papers; the clock runs again unless another pause is open."""
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
        """Ask for a fee in VND, with or without a due date; the clock pauses."""
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
        """Record the payment of a fee, in VND."""
        self._check(Step.FEE_PAID, stamp)
        promise = self._promise_after(Step.FEE_PAID, stamp, clock)
        self._record(FeePaid, stamp, amount=amount, reference=reference, promise=promise)

    def stop(self, stamp: Stamp, *, reason: Sealed, basis: str) -> None:
        """Stop processing; the clock pauses."""
        self._check(Step.STOPPED, stamp)
        self._record(Stopped, stamp, reason=reason, basis=basis)

    def resume(self, stamp: Stamp, *, reason: Sealed | None, clock: Clock) -> None:
        """Resume processing; every open pause ends."""
        self._check(Step.RESUMED, stamp)
        promise = self._promise_after(Step.RESUMED, stamp, clock)
        self._record(Resumed, stamp, reason=reason, promise=promise)

    def withdraw(self, stamp: Stamp, *, reason: Sealed | None) -> None:
        """Withdraw the dossier at the applicant's request."""
        self._check(Step.WITHDRAWN, stamp)
        self._record(Withdrawn, stamp, reason=reason)

    def extend_promise(
        self, stamp: Stamp, *, due_at: datetime, reason: Sealed, basis: str, signer: str
    ) -> None:
        """Promise a later date, with an apology.

        Raise `DateNotLaterError` unless it is later than the promised date and than the step
        itself.
        """
        self._check(Step.PROMISE_EXTENDED, stamp)
        if self.promise and due_at <= self.promise.due_at:
            raise DateNotLaterError
        if due_at <= stamp.occurred_at:
            message = "The new date must be later than the day on which it is given."
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
        """Grant or refuse the application."""
        self._check(Step.DECIDED, stamp)
        self._record(Decided, stamp, outcome=outcome, reason=reason, document=document)

    # -------------------------------------------------------------- afterwards

    def rate(self, stamp: Stamp, *, score: int, reason: Sealed | None) -> None:
        """Record the citizen's rating, 1 to 5, once."""
        self._check(Step.RATED, stamp)
        self._record(Rated, stamp, score=score, reason=reason)

    def complain(self, stamp: Stamp, *, text: Sealed) -> None:
        """Record a complaint."""
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
        """Correct a wrong entry; the wrong entry stays in the record.

        `corrects` is the version of the wrong event. Raise `NoSuchEventError` for a version that
        does not exist.
        """
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
        """Record the person's consent to notifications; the latest consent applies."""
        self._check(Step.NOTICES_AGREED, stamp)
        self._record(NoticesAgreed, stamp, channels=channels, language=language, contact=contact)

    def stop_notices(self, stamp: Stamp) -> None:
        """Record that the person wants no more notifications."""
        self._check(Step.NOTICES_STOPPED, stamp)
        self._record(NoticesStopped, stamp)

    def erase_personal_data(self, stamp: Stamp, *, basis: str) -> None:
        """Record that the dossier's key was destroyed."""
        self._check(Step.PERSONAL_DATA_ERASED, stamp)
        self._record(PersonalDataErased, stamp, basis=basis)


def _check_due(due_at: datetime | None, stamp: Stamp) -> None:
    if due_at and due_at <= stamp.occurred_at:
        raise DueTooSoonError
