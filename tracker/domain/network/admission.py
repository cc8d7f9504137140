"""Admission: which office and collaborator may receive which procedure on which day.

Every refusal is a RefusedError. A clerk can read its message to the citizen.
"""

from datetime import date

from tracker.domain.errors import RefusedError, UnknownError
from tracker.domain.network.network import (
    Collaborator,
    Network,
    NotAReceptionPlaceError,
    Office,
    OfficeKind,
)
from tracker.domain.network.procedures import Catalogue, ProcedureVersion


class UnknownAtIntakeError(RefusedError):
    """The intake names an office, a collaborator or a procedure that does not exist."""


class OfficeClosedError(RefusedError):
    """The office is not open on this day, so it receives nothing."""


class CollaboratorMissingError(RefusedError):
    """A team needs a named collaborator to receive a dossier."""


class CollaboratorNotAdmittedError(RefusedError):
    """The collaborator is out of term, untrained or in another team."""


class NotOpenToAgentsError(RefusedError):
    """Agent points may not receive this procedure on this day."""


def check_admission(
    network: Network,
    catalogue: Catalogue,
    *,
    office_id: str,
    collaborator_id: str | None,
    procedure_code: str,
    on: date,
) -> ProcedureVersion:
    """Return the procedure version for a dossier received at this office on this day.

    Raise a RefusedError with the reason if the office may not receive it. An unknown id is also a
    refusal.
    """
    try:
        office = network.office(office_id)
        _check_place(network, office, on)
        _check_collaborator(network, office, collaborator_id, on)
        procedure = catalogue.version_on(procedure_code, on)
        _check_agent(catalogue, office, procedure, on)
    except UnknownError as unknown:
        raise UnknownAtIntakeError(str(unknown)) from unknown
    return procedure


def _check_place(network: Network, office: Office, on: date) -> None:
    if office.kind is OfficeKind.DEPARTMENT:
        message = f"{office.name} ({office.id}) decides dossiers; it does not receive them."
        raise NotAReceptionPlaceError(message)
    _check_dates(f"{office.name} ({office.id})", office.valid_from, office.valid_to, on)
    partner = network.partner_of(office)
    if partner is not None:
        name = f"The partner {partner.name} of {office.id}"
        _check_dates(name, partner.valid_from, partner.valid_to, on)


def _check_dates(name: str, first: date, last: date | None, on: date) -> None:
    if on < first:
        message = f"{name} opens only on {first}: nothing can be received there on {on}."
        raise OfficeClosedError(message)
    if last is not None and last < on:
        message = f"{name} was open until {last}: nothing can be received there on {on}."
        raise OfficeClosedError(message)


def _check_collaborator(
    network: Network,
    office: Office,
    collaborator_id: str | None,
    on: date,
) -> None:
    if collaborator_id is None:
        if office.kind is OfficeKind.TEAM:
            message = (
                f"{office.name} ({office.id}) needs a named collaborator to receive a dossier."
            )
            raise CollaboratorMissingError(message)
        return
    collaborator = network.collaborator(collaborator_id)
    _check_place(network, network.office(collaborator.team), on)
    reason = _why_not_admitted(collaborator, office, on)
    if reason is not None:
        message = f"Collaborator {collaborator.id} may not receive dossiers on {on}: {reason}."
        raise CollaboratorNotAdmittedError(message)


def _why_not_admitted(collaborator: Collaborator, office: Office, on: date) -> str | None:
    if office.kind is OfficeKind.TEAM and collaborator.team != office.id:
        return f"belongs to {collaborator.team}, not to {office.id}"
    if not collaborator.serves_on(on):
        return f"the term runs from {collaborator.term_from} to {collaborator.term_to}"
    if collaborator.trained_on is None:
        return "has not been trained"
    if not collaborator.is_trained_on(on):
        return f"is trained only on {collaborator.trained_on}"
    return None


def _check_agent(
    catalogue: Catalogue,
    office: Office,
    procedure: ProcedureVersion,
    on: date,
) -> None:
    if office.kind is not OfficeKind.AGENT_POINT:
        return
    if not catalogue.open_to_agents(procedure.code, on):
        message = (
            f"Agent points may not receive {procedure.code} ({procedure.name}) on {on};"
            " any branch or reception point can."
        )
        raise NotOpenToAgentsError(message)
