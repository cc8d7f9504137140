"""All events of a dossier by stored name. Add a new event here."""

from tracker.domain.dossier.events.citizen import Complained, NoticesAgreed, NoticesStopped, Rated
from tracker.domain.dossier.events.delivery import (
    CarrierScanned,
    CarrierScannedV1,
    Collected,
    Delivered,
    DeliveredElectronically,
    DeliveryFailed,
    HandedToCarrier,
    ReturnedToOffice,
)
from tracker.domain.dossier.events.event import Event
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

EVENTS: dict[str, type[Event]] = {
    event.TOPIC: event
    for event in (
        Submitted,
        Received,
        Refused,
        Forwarded,
        ProcessingStarted,
        InternalStepTaken,
        SupplementAsked,
        SupplementReceived,
        FeeAsked,
        FeePaid,
        Stopped,
        Resumed,
        Withdrawn,
        PromiseExtended,
        Decided,
        HandedToCarrier,
        CarrierScannedV1,
        CarrierScanned,
        Delivered,
        DeliveryFailed,
        ReturnedToOffice,
        Collected,
        DeliveredElectronically,
        Rated,
        Complained,
        Corrected,
        NoticesAgreed,
        NoticesStopped,
        PersonalDataErased,
    )
}
"""The class of each event by its stored name."""
