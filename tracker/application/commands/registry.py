"""The list of all commands, and how a command is read from JSON."""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from tracker.application.commands.consent import AgreeToNotices, StopNotices
from tracker.application.commands.delivery import (
    Complain,
    Correct,
    DeliverElectronically,
    HandToCarrier,
    Rate,
    RecordCarrierScan,
    RecordCollection,
    RecordDelivery,
    RecordFailedDelivery,
    RecordReturnToOffice,
)
from tracker.application.commands.intake import Intake
from tracker.application.commands.processing import (
    AskFee,
    AskSupplement,
    Decide,
    ExtendPromise,
    Forward,
    ReceiveSupplement,
    RecordFeePayment,
    RecordInternalStep,
    Refuse,
    Resume,
    StartProcessing,
    Stop,
    Withdraw,
)
from tracker.application.commands.step_context import StepCommand
from tracker.domain.dossier.lifecycle import Step

AnyStep = Annotated[
    Refuse
    | Forward
    | StartProcessing
    | RecordInternalStep
    | AskSupplement
    | ReceiveSupplement
    | AskFee
    | RecordFeePayment
    | Stop
    | Resume
    | Withdraw
    | ExtendPromise
    | Decide
    | HandToCarrier
    | RecordCarrierScan
    | RecordDelivery
    | RecordFailedDelivery
    | RecordReturnToOffice
    | RecordCollection
    | DeliverElectronically
    | Rate
    | Complain
    | Correct
    | AgreeToNotices
    | StopNotices,
    Field(discriminator="step"),
]
"""Any command on an existing dossier."""

COMMANDS: dict[Step, type[StepCommand]] = {
    Step(get_args(command.model_fields["step"].annotation)[0]): command
    for command in get_args(get_args(AnyStep)[0])
}
"""The command class of each step."""

INTAKE: TypeAdapter[Intake] = TypeAdapter(Intake)
STEP: TypeAdapter[AnyStep] = TypeAdapter(AnyStep)


def read_command(item: object) -> Intake | StepCommand:
    """Return the command in this decoded JSON; without a `step` it is an intake.

    Raise pydantic's `ValidationError`.
    """
    step = item.get("step", "received") if isinstance(item, dict) else "received"
    if step in ("received", "submitted"):
        return INTAKE.validate_python(item)
    return STEP.validate_python(item)
