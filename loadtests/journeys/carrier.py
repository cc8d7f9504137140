"""A carrier's feed of scans, repeated and out of order."""

from datetime import UTC, datetime
from urllib.parse import quote

from loadtests.users.messages import scans
from loadtests.users.simulated_user import SimulatedUser
from ops.reading_back import Acknowledged

_RETURNED = 10
_SENT_TWICE = 0.3


class Carrier(SimulatedUser):
    """Sends all scans of a parcel, shuffled, some of them twice."""

    role = "carrier"

    def visit(self) -> None:
        if not self.state.parcels:
            return
        parcel = self.state.parcels.popleft()
        way = scans(parcel.number, parcel.handed_at, datetime.now(UTC))
        feed = [*way, *(one for one in way if self.chance.random() < _SENT_TWICE)]
        self.chance.shuffle(feed)
        delivered = False
        known: dict[str, Acknowledged] = {}
        for scan in feed:
            one = self.tell(f"/v1/dossiers/{quote(parcel.code)}/events", "scan", scan)
            repeated = one.event_id in known
            if known.setdefault(one.event_id, one) != one:
                self.missed("scan", "the same scan was stored as another")
            delivered = delivered or scan["scan"] == "EMI"
            if delivered and not repeated and one.status != _RETURNED:
                self.missed("scan", "a late scan moved a delivered parcel backwards")
            self.think()
