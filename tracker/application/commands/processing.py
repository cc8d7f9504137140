"""The messages of an office at work on a dossier; each knows which decision it asks for."""

from typing import Annotated, Literal

from pydantic import Field

from tracker.application.commands.intake import PapersIn, as_papers
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.application.commands.text_types import Id, Line, Moment, Text
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Outcome

_Vnd = Annotated[int, Field(ge=0, le=10**12, strict=True, description="VND")]


class Refuse(StepCommand):
    """Refuse to take it in (form 03)."""

    STORED_NAME = "Refused"

    step: Literal["refused"]
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Refuse it."""
        dossier.refuse(
            desk.stamp, reason=desk.seal_text("refused.reason", self.reason), basis=self.basis
        )


class Forward(StepCommand):
    """Return it to another office to decide."""

    STORED_NAME = "Forwarded"

    step: Literal["forwarded"]
    to_office: Id
    reason: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Forward it."""
        desk.check_department(self.to_office)
        dossier.forward(
            desk.stamp,
            to_office=self.to_office,
            reason=desk.seal("forwarded.reason", self.reason),
        )


class StartProcessing(StepCommand):
    """Take it up."""

    STORED_NAME = "ProcessingStarted"

    step: Literal["processing_started"]

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Start processing."""
        dossier.start_processing(desk.stamp)


class RecordInternalStep(StepCommand):
    """Note what a clerk did."""

    STORED_NAME = "InternalStepTaken"

    step: Literal["internal_step_taken"]
    name: Line
    clerk: Id
    unit: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the step."""
        dossier.take_internal_step(desk.stamp, name=self.name, clerk=self.clerk, unit=self.unit)


class AskSupplement(StepCommand):
    """Ask papers of the applicant (form 02)."""

    STORED_NAME = "SupplementAsked"

    step: Literal["supplement_asked"]
    papers: PapersIn = ()
    papers_due_at: Moment | None = None
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Ask for them."""
        dossier.ask_supplement(
            desk.stamp,
            papers=as_papers(self.papers),
            reason=desk.seal_text("supplement_asked.reason", self.reason),
            basis=self.basis,
            papers_due_at=self.papers_due_at,
        )


class ReceiveSupplement(StepCommand):
    """The papers asked for have come."""

    STORED_NAME = "SupplementReceived"

    step: Literal["supplement_received"]
    papers: PapersIn = ()

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Take them."""
        dossier.receive_supplement(desk.stamp, papers=as_papers(self.papers), clock=desk.clock())


class AskFee(StepCommand):
    """Ask a fee or tax."""

    STORED_NAME = "FeeAsked"

    step: Literal["fee_asked"]
    amount: _Vnd
    fee_due_at: Moment | None = None
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Ask for it."""
        dossier.ask_fee(
            desk.stamp,
            amount=self.amount,
            reason=desk.seal_text("fee_asked.reason", self.reason),
            basis=self.basis,
            fee_due_at=self.fee_due_at,
        )


class RecordFeePayment(StepCommand):
    """A fee was paid."""

    STORED_NAME = "FeePaid"

    step: Literal["fee_paid"]
    amount: _Vnd
    reference: Id

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the payment."""
        dossier.pay_fee(
            desk.stamp, amount=self.amount, reference=self.reference, clock=desk.clock()
        )


class Stop(StepCommand):
    """Stop processing (form 05)."""

    STORED_NAME = "Stopped"

    step: Literal["stopped"]
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Stop it."""
        dossier.stop(
            desk.stamp, reason=desk.seal_text("stopped.reason", self.reason), basis=self.basis
        )


class Resume(StepCommand):
    """Take it up again, whatever it was waiting for."""

    STORED_NAME = "Resumed"

    step: Literal["resumed"]
    reason: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Resume it."""
        dossier.resume(
            desk.stamp, reason=desk.seal("resumed.reason", self.reason), clock=desk.clock()
        )


class Withdraw(StepCommand):
    """The applicant takes it back."""

    STORED_NAME = "Withdrawn"

    step: Literal["withdrawn"]
    reason: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Withdraw it."""
        dossier.withdraw(desk.stamp, reason=desk.seal("withdrawn.reason", self.reason))


class ExtendPromise(StepCommand):
    """Promise a later date, with an apology (form 04)."""

    STORED_NAME = "PromiseExtended"

    step: Literal["promise_extended"]
    due_at: Moment
    reason: Text
    basis: Line = ""
    signer: Line

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Extend the promise."""
        desk.clock().require_reach(self.due_at)
        dossier.extend_promise(
            desk.stamp,
            due_at=self.due_at,
            reason=desk.seal_text("promise_extended.reason", self.reason),
            basis=self.basis,
            signer=self.signer,
        )


class Decide(StepCommand):
    """Grant or refuse what was applied for."""

    STORED_NAME = "Decided"

    step: Literal["decided"]
    outcome: Outcome
    reason: Text | None = None
    document: Line = ""

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Decide it."""
        dossier.decide(
            desk.stamp,
            outcome=self.outcome,
            reason=desk.seal("decided.reason", self.reason),
            document=self.document,
        )
