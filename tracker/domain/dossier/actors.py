"""Permissions: which actor may do what. Every API key belongs to one actor."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import NotAllowedError


class Role(StrEnum):
    """The role of an actor."""

    STAFF = "staff"
    AGENT = "agent"
    COLLABORATOR = "collaborator"
    KIOSK = "kiosk"
    CARRIER = "carrier"
    PORTAL = "portal"
    AUDITOR = "auditor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"
    CITIZEN = "citizen"


class Read(StrEnum):
    """Data that is not public."""

    DOSSIER = "dossier"
    HISTORY = "history"
    PERSONAL_DATA = "personal_data"
    FIGURES = "figures"
    REGISTER = "register"
    READERS = "readers"
    PROOF = "proof"
    EXPLANATION = "explanation"
    EXPORT = "export"


class Manage(StrEnum):
    """Resources other than dossiers that an actor can manage."""

    CODE_BLOCKS = "code_blocks"


_INTAKE = frozenset({Step.SUBMITTED, Step.RECEIVED})
_NOTICES = frozenset({Step.NOTICES_AGREED, Step.NOTICES_STOPPED})
_AT_THE_DESK = (
    _INTAKE | _NOTICES | {Step.SUPPLEMENT_RECEIVED, Step.FEE_PAID, Step.COLLECTED, Step.COMPLAINED}
)
_DECIDING = frozenset(
    {
        Step.FORWARDED,
        Step.PROCESSING_STARTED,
        Step.INTERNAL_STEP_TAKEN,
        Step.SUPPLEMENT_ASKED,
        Step.FEE_ASKED,
        Step.STOPPED,
        Step.RESUMED,
        Step.PROMISE_EXTENDED,
        Step.DECIDED,
    }
)
"""Steps that only the deciding office may take."""

_PARCEL = frozenset(
    {Step.CARRIER_SCANNED, Step.DELIVERED, Step.DELIVERY_FAILED, Step.RETURNED_TO_OFFICE}
)
_BY_THE_CITIZEN = frozenset({Step.WITHDRAWN, Step.RATED, Step.COMPLAINED})
_STAFF = (
    _AT_THE_DESK
    | _DECIDING
    | _BY_THE_CITIZEN
    | _PARCEL
    | {Step.REFUSED, Step.HANDED_TO_CARRIER, Step.DELIVERED_ELECTRONICALLY, Step.CORRECTED}
)
_PORTAL = (
    _INTAKE
    | _NOTICES
    | _BY_THE_CITIZEN
    | {Step.SUPPLEMENT_RECEIVED, Step.FEE_PAID, Step.DELIVERED_ELECTRONICALLY}
)
_OF_A_DOSSIER = frozenset({Read.DOSSIER, Read.HISTORY, Read.PERSONAL_DATA})
_BLOCKS = frozenset({Manage.CODE_BLOCKS})

MAY: dict[Role, frozenset[Step | Read | Manage]] = {
    Role.STAFF: _STAFF | _OF_A_DOSSIER | {Read.FIGURES, Read.REGISTER, Read.PROOF} | _BLOCKS,
    Role.AGENT: _AT_THE_DESK | {Read.DOSSIER} | _BLOCKS,
    Role.COLLABORATOR: _AT_THE_DESK | {Read.DOSSIER} | _BLOCKS,
    Role.KIOSK: _INTAKE | _NOTICES | {Step.FEE_PAID} | _BLOCKS,
    Role.CARRIER: _PARCEL,
    Role.PORTAL: _PORTAL | {Read.DOSSIER} | _BLOCKS,
    Role.AUDITOR: frozenset(Read),
    Role.MANAGER: frozenset({Read.FIGURES, Read.REGISTER, Read.EXPLANATION}),
    Role.ADMINISTRATOR: frozenset(Step) | frozenset(Read) | frozenset(Manage),
    Role.CITIZEN: frozenset({Step.NOTICES_STOPPED, Step.RATED}),
}
"""The permissions of each role. The functions below also check the office and the dossier."""

_OWN_OFFICE_ONLY = frozenset({Role.AGENT, Role.COLLABORATOR, Role.KIOSK, Role.PORTAL})


@dataclass(frozen=True)
class Actor:
    """A role, a stable id, the actor's office and, for a carrier, its partner id."""

    role: Role
    id: str
    office: str = ""
    partner: str = ""


def citizen_of(dossier_id: UUID) -> Actor:
    """Return the citizen actor of a dossier; its id contains the dossier id, not the person's."""
    return Actor(Role.CITIZEN, f"citizen:{dossier_id.hex}")


def require_own(actor: Actor, dossier_id: UUID) -> None:
    """Raise `NotAllowedError` if a citizen acts on another citizen's dossier."""
    if actor.role is Role.CITIZEN and actor != citizen_of(dossier_id):
        message = "This dossier belongs to another citizen."
        raise NotAllowedError(message)


def require(actor: Actor, action: Step | Read | Manage) -> None:
    """Raise `NotAllowedError` if this role may never do this."""
    if action not in MAY[actor.role]:
        message = f"The role {actor.role} may not do this: {action}."
        raise NotAllowedError(message)


def require_step_on(
    actor: Actor, step: Step, *, offices: Collection[str], decided_by: str, carrier: str
) -> None:
    """Raise `NotAllowedError` if this actor may not take this step on this dossier.

    `offices` are all offices of the dossier. `decided_by` is the deciding office. `carrier` is the
    partner that has the parcel; empty if there is none.
    """
    require(actor, step)
    if actor.role is Role.ADMINISTRATOR:
        return
    if step in _DECIDING and actor.office != decided_by:
        message = f"Only {decided_by or 'the deciding office'} may do this: {step}."
        raise NotAllowedError(message)
    if actor.role is Role.CARRIER and not (carrier and actor.partner == carrier):
        message = "This parcel was not handed to this carrier."
        raise NotAllowedError(message)
    if step is Step.REFUSED and actor.office not in offices:
        message = "Only an office of this dossier may refuse it."
        raise NotAllowedError(message)
    is_other_office = actor.role is not Role.PORTAL and actor.office not in offices
    if step is Step.NOTICES_AGREED and is_other_office:
        message = "Only an office of this dossier may record its notification address."
        raise NotAllowedError(message)


def require_reading(
    actor: Actor, what: Read, *, offices: Collection[str], for_a_reason: bool = False
) -> None:
    """Raise `NotAllowedError` if this actor may not read this part of this dossier.

    Staff may open any dossier, because a citizen may ask at any office. Agents, collaborators and
    the portal may open only the dossiers of their own office. Personal data needs an actor whose
    office is one of the dossier's. Auditors may read everything, but personal data only with
    `for_a_reason`: they have stated a reason.
    """
    require(actor, what)
    if actor.role is Role.ADMINISTRATOR:
        return
    if actor.role is Role.AUDITOR:
        if what is Read.PERSONAL_DATA and not for_a_reason:
            message = "An auditor may read personal data only for a stated reason."
            raise NotAllowedError(message)
        return
    is_own_office = actor.office in offices
    if (actor.role in _OWN_OFFICE_ONLY or what is Read.PERSONAL_DATA) and not is_own_office:
        message = "This dossier belongs to other offices."
        raise NotAllowedError(message)
