"""The messages of giving the result back, and of what comes after."""

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
"""Of what form a corrected value must be."""


class HandToCarrier(StepCommand):
    """Return the result to the post."""

    STORED_NAME = "HandedToCarrier"

    step: Literal["handed_to_carrier"]
    carrier: Id
    number: Id

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Hand it over."""
        desk.check_carrier(self.carrier)
        dossier.hand_to_carrier(desk.stamp, carrier=self.carrier, number=self.number)


class RecordCarrierScan(StepCommand):
    """The carrier saw the parcel."""

    STORED_NAME = "CarrierScanned"

    step: Literal["carrier_scanned"]
    number: Id
    scan: Id
    place: Line | None = None
    raw: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the scan."""
        dossier.scan(
            desk.stamp,
            number=self.number,
            scan=self.scan,
            whereabouts=desk.seal("carrier_scanned.whereabouts", self.place),
            raw=desk.seal("carrier_scanned.raw", self.raw),
        )


class RecordDelivery(StepCommand):
    """The carrier gave the result to the citizen."""

    STORED_NAME = "Delivered"

    step: Literal["delivered"]

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the delivery."""
        dossier.deliver(desk.stamp)


class RecordFailedDelivery(StepCommand):
    """The carrier could not hand the result over."""

    STORED_NAME = "DeliveryFailed"

    step: Literal["delivery_failed"]
    reason: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the failure."""
        dossier.fail_delivery(desk.stamp, reason=desk.seal("delivery_failed.reason", self.reason))


class RecordReturnToOffice(StepCommand):
    """The carrier brought the result back."""

    STORED_NAME = "ReturnedToOffice"

    step: Literal["returned_to_office"]

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the return."""
        dossier.return_to_office(desk.stamp)


class RecordCollection(StepCommand):
    """The citizen fetched the result; where is the sender's own office unless said."""

    STORED_NAME = "Collected"

    step: Literal["collected"]
    at_office: Id | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Hand the result over."""
        at_office = self.at_office or desk.stamp.by.office
        desk.check_office(at_office)
        dossier.collect(desk.stamp, at_office=at_office)


class DeliverElectronically(StepCommand):
    """The citizen got the result through the portal."""

    STORED_NAME = "DeliveredElectronically"

    step: Literal["delivered_electronically"]

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the delivery."""
        dossier.deliver_electronically(desk.stamp)


class Rate(StepCommand):
    """The citizen's rating."""

    STORED_NAME = "Rated"

    step: Literal["rated"]
    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    reason: Text | None = None

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the rating."""
        dossier.rate(desk.stamp, score=self.score, reason=desk.seal("rated.reason", self.reason))


class Complain(StepCommand):
    """The citizen complains."""

    STORED_NAME = "Complained"

    step: Literal["complained"]
    text: Text

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Note the complaint."""
        dossier.complain(desk.stamp, text=desk.seal_text("complained.text", self.text))


class Correct(StepCommand):
    """Put a wrong entry right; the wrong one stays in the record.

    `corrects` is the version of the event that was wrong. The right entry is `applicant` where
    that was wrong, else `value`.
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
                "a corrected applicant stands in 'applicant', anything else in 'value'",
            )
        if self.what is not Correctable.APPLICANT:
            try:
                _VALUES[self.what].validate_python(self.value)
            except ValidationError as error:
                raise PydanticCustomError(
                    UNFIT, "'value' is not of the form that 'what' needs"
                ) from error
        return self

    def take(self, dossier: Dossier, desk: StepContext) -> None:
        """Correct it."""
        if self.what in {Correctable.HELPED_AT, Correctable.RECEIVED_AT}:
            desk.check_office(self.value or "")
        value = self.value or ""
        if self.what is Correctable.OCCURRED_AT:
            value = _MOMENT.validate_python(value).isoformat()
        applicant = self.applicant.model_dump_json(exclude_none=True) if self.applicant else None
        dossier.correct(
            desk.stamp,
            corrects=self.corrects,
            what=self.what,
            value=value,
            sealed=desk.seal("applicant", applicant),
            reason=desk.seal("corrected.reason", self.reason),
        )
