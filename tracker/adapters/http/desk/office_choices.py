"""The offices that a clerk can choose."""

from datetime import date

from tracker.adapters.http.desk.form import Offer, offers_of
from tracker.application.service import Service
from tracker.domain.network.network import NotAReceptionPlaceError, channel_of


def open_offices(service: Service, day: date) -> list[Offer]:
    """Return the offices that receive dossiers on this day, as choices."""

    def receives_dossiers(office_id: str) -> bool:
        try:
            channel_of(service.network.offices[office_id].kind)
        except NotAReceptionPlaceError:
            return False
        return service.network.is_open(office_id, day)

    offices = map(
        service.network.offices.__getitem__, filter(receives_dossiers, service.network.offices)
    )
    return offers_of(
        (office.id, f"{office.name} ({office.id})", office.name_en) for office in offices
    )
