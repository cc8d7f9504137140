"""The reference data of the service: network, procedures and calendar."""

from dataclasses import dataclass
from datetime import date, datetime

from tracker.domain.deadlines.calendar import WorkCalendar
from tracker.domain.errors import InvalidInputError
from tracker.domain.network.network import Network, OfficeKind
from tracker.domain.network.procedures import Catalogue


class CannotDecideError(InvalidInputError):
    """This office takes dossiers in; it does not decide them."""


class NotACarrierError(InvalidInputError):
    """This partner carries no parcels."""


@dataclass(frozen=True)
class Service:
    """The network, the procedures and the calendar of the service."""

    network: Network
    catalogue: Catalogue
    calendar: WorkCalendar

    def local_day(self, moment: datetime) -> date:
        """Return the local day of this moment."""
        return moment.astimezone(self.calendar.zone).date()

    def check_department(self, office_id: str) -> None:
        """Raise `UnknownOfficeError` or `CannotDecideError` if this office cannot decide."""
        if self.network.office(office_id).kind is not OfficeKind.DEPARTMENT:
            raise CannotDecideError

    def check_carrier(self, partner_id: str) -> None:
        """Raise `UnknownPartnerError` or `NotACarrierError` if this partner is no carrier."""
        if not self.network.partner(partner_id).carrier:
            raise NotACarrierError
