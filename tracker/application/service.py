"""What the service works by: its network, its procedures and its calendar."""

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
    """The network, the procedures and the calendar the service works by."""

    network: Network
    catalogue: Catalogue
    calendar: WorkCalendar

    def local_day(self, moment: datetime) -> date:
        """Return the day it is here at this moment."""
        return moment.astimezone(self.calendar.zone).date()

    def check_department(self, office_id: str) -> None:
        """Raise `UnknownOfficeError` or `CannotDecideError` where this office decides nothing."""
        if self.network.office(office_id).kind is not OfficeKind.DEPARTMENT:
            raise CannotDecideError

    def check_carrier(self, partner_id: str) -> None:
        """Raise `UnknownPartnerError` or `NotACarrierError` where this partner carries nothing."""
        if not self.network.partner(partner_id).carrier:
            raise NotACarrierError
