"""One actor of every role, for users of the demo."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.network.network import Collaborator, Office, OfficeKind

_OFFICE_OF = {
    Role.STAFF: OfficeKind.BRANCH,
    Role.AGENT: OfficeKind.AGENT_POINT,
    Role.KIOSK: OfficeKind.KIOSK,
    Role.PORTAL: OfficeKind.PORTAL,
}


def one_a_role(service: Service, now: datetime) -> list[Actor]:
    """Return one actor of each role with keys, two of staff. Skip roles without one today."""
    day = service.local_day(now)
    without_office: dict[Role, Callable[[], Actor | None]] = {
        Role.COLLABORATOR: lambda: _collaborator(service, day),
        Role.CARRIER: lambda: _carrier(service, day),
    }
    actors = []
    for role in Role:
        if role is Role.CITIZEN:  # signs in with the receipt, never with a key
            continue
        if role in _OFFICE_OF:
            actor = _at_an_office(service, day, role)
        else:
            actor = without_office.get(role, lambda role=role: Actor(role, f"demo-{role}"))()
        if actor:
            actors.append(actor)
        if role is Role.STAFF:
            actors += _deciding(service, day)
    return actors


def _deciding(service: Service, day: date) -> list[Actor]:
    """Return a clerk of the office that decides most procedures, who can process dossiers."""
    deciding = Counter(version.decided_by for version in service.catalogue.in_force_on(day))
    return [
        Actor(Role.STAFF, f"demo-staff-{office.lower()}", office)
        for office, _ in deciding.most_common(1)
    ]


def _at_an_office(service: Service, day: date, role: Role) -> Actor | None:
    def fits(office: Office) -> bool:
        return office.kind is _OFFICE_OF[role] and service.network.is_open(office.id, day)

    office = next(filter(fits, service.network.offices.values()), None)
    if office is None:
        return None
    return Actor(role, f"demo-{role}-{office.id.lower()}", office.id, office.partner or "")


def _collaborator(service: Service, day: date) -> Actor | None:
    def admitted(collaborator: Collaborator) -> bool:
        return collaborator.serves_on(day) and collaborator.is_trained_on(day)

    collaborator = next(filter(admitted, service.network.collaborators.values()), None)
    return Actor(Role.COLLABORATOR, collaborator.id, collaborator.team) if collaborator else None


def _carrier(service: Service, day: date) -> Actor | None:
    for partner in service.network.partners.values():
        if partner.carrier and partner.exists_on(day):
            return Actor(Role.CARRIER, f"demo-carrier-{partner.id.lower()}", partner=partner.id)
    return None
