"""The commands of an office that processes a dossier."""

from typing import Annotated, Literal

from pydantic import Field

from tracker.application.commands.intake import PapersIn, as_papers
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.application.commands.text_types import Id, Line, Moment, Text
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Outcome

_Vnd = Annotated[int, Field(ge=0, le=10**12, strict=True, description="VND")]


class Refuse(StepCommand):
    """Refuse to take the dossier in (form 03)."""

    STORED_NAME = "Refused"

    step: Literal["refused"]
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the refusal."""
        dossier.refuse(
            context.stamp, reason=context.seal_text("refused.reason", self.reason), basis=self.basis
        )


class Forward(StepCommand):
    """Forward the dossier to another office for the decision."""

    STORED_NAME = "Forwarded"

    step: Literal["forwarded"]
    to_office: Id
    reason: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the new office. Raise an error if it is no department."""
        context.check_department(self.to_office)
        dossier.forward(
            context.stamp,
            to_office=self.to_office,
            reason=context.seal("forwarded.reason", self.reason),
        )


class StartProcessing(StepCommand):
    """Start processing the dossier."""

    STORED_NAME = "ProcessingStarted"

    step: Literal["processing_started"]

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the start."""
        dossier.start_processing(context.stamp)


class RecordInternalStep(StepCommand):
    """Record the work of a clerk."""

    STORED_NAME = "InternalStepTaken"

    step: Literal["internal_step_taken"]
    name: Line
    clerk: Id
    unit: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the internal step."""
        dossier.take_internal_step(context.stamp, name=self.name, clerk=self.clerk, unit=self.unit)


class AskSupplement(StepCommand):
    """Ask the applicant for more papers (form 02)."""

    STORED_NAME = "SupplementAsked"

    step: Literal["supplement_asked"]
    papers: PapersIn = ()
    papers_due_at: Moment | None = None
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the request and pause the clock."""
        dossier.ask_supplement(
            context.stamp,
            papers=as_papers(self.papers),
            reason=context.seal_text("supplement_asked.reason", self.reason),
            basis=self.basis,
            papers_due_at=self.papers_due_at,
        )


class ReceiveSupplement(StepCommand):
    """Record that the applicant brought the papers."""

    STORED_NAME = "SupplementReceived"

    step: Literal["supplement_received"]
    papers: PapersIn = ()

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the papers and continue the clock."""
        dossier.receive_supplement(
            context.stamp, papers=as_papers(self.papers), clock=context.clock()
        )


class AskFee(StepCommand):
    """Ask the applicant for a fee or a tax."""

    STORED_NAME = "FeeAsked"

    step: Literal["fee_asked"]
    amount: _Vnd
    fee_due_at: Moment | None = None
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the request and pause the clock."""
        dossier.ask_fee(
            context.stamp,
            amount=self.amount,
            reason=context.seal_text("fee_asked.reason", self.reason),
            basis=self.basis,
            fee_due_at=self.fee_due_at,
        )


class RecordFeePayment(StepCommand):
    """Record that a fee was paid."""

    STORED_NAME = "FeePaid"

    step: Literal["fee_paid"]
    amount: _Vnd
    reference: Id

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the payment and continue the clock."""
        dossier.pay_fee(
            context.stamp, amount=self.amount, reference=self.reference, clock=context.clock()
        )


class Stop(StepCommand):
    """Stop processing the dossier (form 05)."""

    STORED_NAME = "Stopped"

    step: Literal["stopped"]
    reason: Text
    basis: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the stop."""
        dossier.stop(
            context.stamp, reason=context.seal_text("stopped.reason", self.reason), basis=self.basis
        )


class Resume(StepCommand):
    """Resume processing the dossier; this ends every pause."""

    STORED_NAME = "Resumed"

    step: Literal["resumed"]
    reason: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the end of all pauses."""
        dossier.resume(
            context.stamp, reason=context.seal("resumed.reason", self.reason), clock=context.clock()
        )


class Withdraw(StepCommand):
    """Record that the applicant withdraws the dossier."""

    STORED_NAME = "Withdrawn"

    step: Literal["withdrawn"]
    reason: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the withdrawal."""
        dossier.withdraw(context.stamp, reason=context.seal("withdrawn.reason", self.reason))


class ExtendPromise(StepCommand):
    """Promise a later date, with an apology (form 04)."""

    STORED_NAME = "PromiseExtended"

    step: Literal["promise_extended"]
    due_at: Moment
    reason: Text
    basis: Line = ""
    signer: Line

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the new date. Raise an error if the calendar does not reach it."""
        context.clock().require_reach(self.due_at)
        dossier.extend_promise(
            context.stamp,
            due_at=self.due_at,
            reason=context.seal_text("promise_extended.reason", self.reason),
            basis=self.basis,
            signer=self.signer,
        )


class Decide(StepCommand):
    """Grant or reject the application."""

    STORED_NAME = "Decided"

    step: Literal["decided"]
    outcome: Outcome
    reason: Text | None = None
    document: Line = ""

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the decision."""
        dossier.decide(
            context.stamp,
            outcome=self.outcome,
            reason=context.seal("decided.reason", self.reason),
            document=self.document,
        )
