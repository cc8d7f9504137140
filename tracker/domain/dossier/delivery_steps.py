"""The steps that return the result: by post, at a counter, or through the portal."""

from tracker.domain.dossier.events.delivery import (
    CarrierScanned,
    Collected,
    Delivered,
    DeliveredElectronically,
    DeliveryFailed,
    HandedToCarrier,
    ReturnedToOffice,
)
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.postal import ScanMeaning, is_s10, scan_meaning
from tracker.domain.dossier.recording import RecordingDossier
from tracker.domain.dossier.values import (
    Sealed,
    Stamp,
)


class DeliverySteps(RecordingDossier):
    """The steps of a dossier after the decision, until the citizen has the result."""

    TOPIC = "dossier.delivery_steps"

    def hand_to_carrier(self, stamp: Stamp, *, carrier: str, number: str) -> None:
        """Hand the result to the carrier."""
        self._check(Step.HANDED_TO_CARRIER, stamp)
        self._record(
            HandedToCarrier,
            stamp,
            carrier=carrier,
            number=number,
            number_is_s10=is_s10(number),
        )

    def scan(
        self,
        stamp: Stamp,
        *,
        number: str,
        scan: str,
        whereabouts: Sealed | None,
        raw: Sealed | None,
    ) -> None:
        """Record a carrier scan and the step that follows from it.

        A scan of another parcel, or one older than the latest scan, is recorded and has no other
        effect. A delivery scan counts at any time while the carrier has the parcel.
        """
        self._check(Step.CARRIER_SCANNED, stamp)
        meaning = scan_meaning(scan)
        is_own_parcel = number == self.parcel_number
        is_newer = self.parcel_at is None or stamp.occurred_at >= self.parcel_at
        self._record(
            CarrierScanned,
            stamp,
            number=number,
            scan=scan,
            meaning=meaning.value,
            whereabouts=whereabouts,
            raw=raw,
        )
        if not is_own_parcel:
            return
        if meaning is ScanMeaning.DELIVERED and self.progress.allows(Step.DELIVERED):
            self._record(Delivered, stamp)
        elif not is_newer:
            return
        elif meaning is ScanMeaning.RETURNED and self.progress.allows(Step.RETURNED_TO_OFFICE):
            self._record(ReturnedToOffice, stamp)
        elif meaning is ScanMeaning.ATTEMPT_FAILED and self.progress.allows(Step.DELIVERY_FAILED):
            self._record(DeliveryFailed, stamp, reason=None)

    def deliver(self, stamp: Stamp) -> None:
        """Record that the carrier delivered the result to the citizen."""
        self._check(Step.DELIVERED, stamp)
        self._record(Delivered, stamp)

    def fail_delivery(self, stamp: Stamp, *, reason: Sealed | None) -> None:
        """Record that the carrier could not deliver the result."""
        self._check(Step.DELIVERY_FAILED, stamp)
        self._record(DeliveryFailed, stamp, reason=reason)

    def return_to_office(self, stamp: Stamp) -> None:
        """Record that the carrier returned the result to the office."""
        self._check(Step.RETURNED_TO_OFFICE, stamp)
        self._record(ReturnedToOffice, stamp)

    def collect(self, stamp: Stamp, *, at_office: str) -> None:
        """Give the result to the citizen at the counter of an office."""
        self._check(Step.COLLECTED, stamp)
        self._record(Collected, stamp, at_office=at_office)

    def deliver_electronically(self, stamp: Stamp) -> None:
        """Deliver the result through the portal."""
        self._check(Step.DELIVERED_ELECTRONICALLY, stamp)
        self._record(DeliveredElectronically, stamp)
