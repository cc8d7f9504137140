"""Events of delivery: the result goes to the citizen."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Sealed


@dataclass(frozen=True, kw_only=True)
class HandedToCarrier(Event):
    """The carrier has the result. `number_is_s10`: whether the parcel number is a valid S10."""

    TOPIC = "dossier.handed_to_carrier.v1"
    step = Step.HANDED_TO_CARRIER

    carrier: str
    number: str
    number_is_s10: bool


@dataclass(frozen=True, kw_only=True)
class CarrierScannedV1(Event):
    """The first version of `CarrierScanned`, with a `place` that was not sealed.

    It is still read but no longer written.
    """

    TOPIC = "dossier.carrier_scanned.v1"
    step = Step.CARRIER_SCANNED

    number: str
    scan: str
    meaning: str
    place: str
    raw: Sealed | None


@dataclass(frozen=True, kw_only=True)
class CarrierScanned(Event):
    """The carrier scanned the parcel. `raw` is the carrier's original data, kept as evidence.

    `whereabouts` is the place in the carrier's own words: it may contain a person's address.
    """

    TOPIC = "dossier.carrier_scanned.v2"
    step = Step.CARRIER_SCANNED

    number: str
    scan: str
    meaning: str
    whereabouts: Sealed | None
    raw: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Delivered(Event):
    """The carrier delivered the result to the citizen."""

    TOPIC = "dossier.delivered.v1"
    step = Step.DELIVERED


@dataclass(frozen=True, kw_only=True)
class DeliveryFailed(Event):
    """The carrier could not deliver the result."""

    TOPIC = "dossier.delivery_failed.v1"
    step = Step.DELIVERY_FAILED

    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class ReturnedToOffice(Event):
    """The carrier returned the result to the office."""

    TOPIC = "dossier.returned_to_office.v1"
    step = Step.RETURNED_TO_OFFICE


@dataclass(frozen=True, kw_only=True)
class Collected(Event):
    """The citizen collected the result at an office."""

    TOPIC = "dossier.collected.v1"
    step = Step.COLLECTED

    at_office: str


@dataclass(frozen=True, kw_only=True)
class DeliveredElectronically(Event):
    """The citizen received the result through the portal."""

    TOPIC = "dossier.delivered_electronically.v1"
    step = Step.DELIVERED_ELECTRONICALLY
