"""Every message there is, and how it is read from JSON."""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from tracker.application.commands.consent import NoticesAgreed, NoticesStopped
from tracker.application.commands.delivery import (
    CarrierScanned,
    Collected,
    Complained,
    Corrected,
    Delivered,
    DeliveredElectronically,
    DeliveryFailed,
    HandedToCarrier,
    Rated,
    ReturnedToOffice,
)
from tracker.application.commands.intake import Intake
from tracker.application.commands.processing import (
    Decided,
    FeeAsked,
    FeePaid,
    Forwarded,
    InternalStepTaken,
    ProcessingStarted,
    PromiseExtended,
    Refused,
    Resumed,
    Stopped,
    SupplementAsked,
    SupplementReceived,
    Withdrawn,
)
from tracker.application.commands.step_context import StepMessage
from tracker.domain.dossier.lifecycle import Step

AnyStep = Annotated[
    Refused
    | Forwarded
    | ProcessingStarted
    | InternalStepTaken
    | SupplementAsked
    | SupplementReceived
    | FeeAsked
    | FeePaid
    | Stopped
    | Resumed
    | Withdrawn
    | PromiseExtended
    | Decided
    | HandedToCarrier
    | CarrierScanned
    | Delivered
    | DeliveryFailed
    | ReturnedToOffice
    | Collected
    | DeliveredElectronically
    | Rated
    | Complained
    | Corrected
    | NoticesAgreed
    | NoticesStopped,
    Field(discriminator="step"),
]
"""Any step on a dossier that exists."""

MESSAGES: dict[Step, type[StepMessage]] = {
    Step(get_args(message.model_fields["step"].annotation)[0]): message
    for message in get_args(get_args(AnyStep)[0])
}
"""The message that each step is sent as."""

INTAKE: TypeAdapter[Intake] = TypeAdapter(Intake)
STEP: TypeAdapter[AnyStep] = TypeAdapter(AnyStep)


def read(item: object) -> Intake | StepMessage:
    """Read one message of any kind from decoded JSON; without a `step` it is an intake.

    Raises pydantic's `ValidationError`.
    """
    step = item.get("step", "received") if isinstance(item, dict) else "received"
    if step in ("received", "submitted"):
        return INTAKE.validate_python(item)
    return STEP.validate_python(item)
