"""The places a clerk chooses from."""

from datetime import date

from tracker.adapters.http.desk.form import Offer, offers_of
from tracker.application.service import Service
from tracker.domain.network.network import NotAReceptionPlaceError, channel_of


def open_offices(service: Service, day: date) -> list[Offer]:
    """Offer the places where dossiers are taken in on this day."""

    def takes_in(office_id: str) -> bool:
        try:
            channel_of(service.network.offices[office_id].kind)
        except NotAReceptionPlaceError:
            return False
        return service.network.is_open(office_id, day)

    offices = filter(takes_in, service.network.offices)
    return offers_of(
        (one, f"{service.network.offices[one].name} ({one})", service.network.offices[one].name_en)
        for one in offices
    )
