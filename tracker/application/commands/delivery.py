"""The commands that deliver the result, and those that follow it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tracker.application.commands.intake import Applicant
from tracker.application.commands.step_context import StepCommand, StepContext
from tracker.application.commands.text_types import UNFIT, Id, Line, Moment, Text
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.values import Correctable, WayOfReturn

_ID: TypeAdapter[str] = TypeAdapter(Id)
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_VALUES: dict[Correctable, TypeAdapter[Any]] = {
    Correctable.WAY_OF_RETURN: TypeAdapter(WayOfReturn),
    Correctable.HELPED_AT: _ID,
    Correctable.RECEIVED_AT: _ID,
    Correctable.PARCEL_NUMBER: _ID,
    Correctable.OCCURRED_AT: _MOMENT,
}
"""The format of each corrected value."""


class HandToCarrier(StepCommand):
    """Hand the result to a carrier."""

    STORED_NAME = "HandedToCarrier"

    step: Literal["handed_to_carrier"]
    carrier: Id
    number: Id

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the carrier and the parcel number. Raise an error if it is no carrier."""
        context.check_carrier(self.carrier)
        dossier.hand_to_carrier(context.stamp, carrier=self.carrier, number=self.number)


class RecordCarrierScan(StepCommand):
    """Record that the carrier scanned the parcel."""

    STORED_NAME = "CarrierScanned"

    step: Literal["carrier_scanned"]
    number: Id
    scan: Id
    place: Line | None = None
    raw: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the scan."""
        dossier.scan(
            context.stamp,
            number=self.number,
            scan=self.scan,
            whereabouts=context.seal("carrier_scanned.whereabouts", self.place),
            raw=context.seal("carrier_scanned.raw", self.raw),
        )


class RecordDelivery(StepCommand):
    """Record that the carrier delivered the result to the citizen."""

    STORED_NAME = "Delivered"

    step: Literal["delivered"]

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the delivery."""
        dossier.deliver(context.stamp)


class RecordFailedDelivery(StepCommand):
    """Record that the carrier could not deliver the result."""

    STORED_NAME = "DeliveryFailed"

    step: Literal["delivery_failed"]
    reason: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the failure."""
        dossier.fail_delivery(
            context.stamp, reason=context.seal("delivery_failed.reason", self.reason)
        )


class RecordReturnToOffice(StepCommand):
    """Record that the carrier returned the result to the office."""

    STORED_NAME = "ReturnedToOffice"

    step: Literal["returned_to_office"]

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the return."""
        dossier.return_to_office(context.stamp)


class RecordCollection(StepCommand):
    """Record that the citizen collected the result, by default at the sender's own office."""

    STORED_NAME = "Collected"

    step: Literal["collected"]
    at_office: Id | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the collection at the office."""
        at_office = self.at_office or context.stamp.by.office
        context.check_office(at_office)
        dossier.collect(context.stamp, at_office=at_office)


class DeliverElectronically(StepCommand):
    """Record that the citizen got the result through the portal."""

    STORED_NAME = "DeliveredElectronically"

    step: Literal["delivered_electronically"]

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the delivery."""
        dossier.deliver_electronically(context.stamp)


class Rate(StepCommand):
    """Record the citizen's rating."""

    STORED_NAME = "Rated"

    step: Literal["rated"]
    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    reason: Text | None = None

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the rating."""
        dossier.rate(
            context.stamp, score=self.score, reason=context.seal("rated.reason", self.reason)
        )


class Complain(StepCommand):
    """Record a complaint of the citizen."""

    STORED_NAME = "Complained"

    step: Literal["complained"]
    text: Text

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the complaint."""
        dossier.complain(context.stamp, text=context.seal_text("complained.text", self.text))


class Correct(StepCommand):
    """Correct a wrong entry; the wrong one stays in the record.

    `corrects` is the version of the wrong event. The correct entry is in `applicant` if the
    applicant was wrong, and in `value` otherwise.
    """

    STORED_NAME = "Corrected"

    step: Literal["corrected"]
    corrects: Annotated[int, Field(ge=1, strict=True)]
    what: Correctable
    value: Line | None = None
    applicant: Applicant | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Correct":
        wants_applicant = self.what is Correctable.APPLICANT
        if wants_applicant is (self.applicant is None) or wants_applicant is bool(self.value):
            raise PydanticCustomError(
                UNFIT,
                "a corrected applicant must be in 'applicant', any other correction in 'value'",
            )
        if self.what is not Correctable.APPLICANT:
            try:
                _VALUES[self.what].validate_python(self.value)
            except ValidationError as error:
                raise PydanticCustomError(
                    UNFIT, "'value' does not have the format that 'what' needs"
                ) from error
        return self

    def take(self, dossier: Dossier, context: StepContext) -> None:
        """Record the correction."""
        if self.what in {Correctable.HELPED_AT, Correctable.RECEIVED_AT}:
            context.check_office(self.value or "")
        value = self.value or ""
        if self.what is Correctable.OCCURRED_AT:
            value = _MOMENT.validate_python(value).isoformat()
        applicant = self.applicant.model_dump_json(exclude_none=True) if self.applicant else None
        dossier.correct(
            context.stamp,
            corrects=self.corrects,
            what=self.what,
            value=value,
            sealed=context.seal("applicant", applicant),
            reason=context.seal("corrected.reason", self.reason),
        )
