"""Who may do what. Every key of the service is bound to one actor."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import NotAllowedError


class Role(StrEnum):
    """What an actor is to the service."""

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
    """What can be read that is not public."""

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
    """What can be managed beside dossiers."""

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
"""Steps that only the office deciding the dossier may take."""

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
"""Who may do what at all; the functions below add where and to which dossier."""

_ONLY_WHERE_IT_IS = frozenset({Role.AGENT, Role.COLLABORATOR, Role.KIOSK, Role.PORTAL})


@dataclass(frozen=True)
class Actor:
    """Who acts: a role, a stable id, the office it stands in, and for a carrier its partner id."""

    role: Role
    id: str
    office: str = ""
    partner: str = ""


def citizen_of(dossier_id: UUID) -> Actor:
    """Return whoever a dossier belongs to, named after the dossier and not after the person."""
    return Actor(Role.CITIZEN, f"citizen:{dossier_id.hex}")


def require_own(actor: Actor, dossier_id: UUID) -> None:
    """Raise `NotAllowedError` where a citizen acts on a dossier that is not theirs."""
    if actor.role is Role.CITIZEN and actor != citizen_of(dossier_id):
        message = "This dossier is somebody else's."
        raise NotAllowedError(message)


def require(actor: Actor, action: Step | Read | Manage) -> None:
    """Raise `NotAllowedError` where this role may never do this."""
    if action not in MAY[actor.role]:
        message = f"The role {actor.role} may not do this: {action}."
        raise NotAllowedError(message)


def require_step_on(
    actor: Actor, step: Step, *, offices: Collection[str], decided_by: str, carrier: str
) -> None:
    """Raise `NotAllowedError` where this actor may not take this step on this dossier.

    `offices` are all of the dossier's, `decided_by` the one deciding it, `carrier` the partner
    that has its parcel (empty: none has).
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
    is_elsewhere = actor.role is not Role.PORTAL and actor.office not in offices
    if step is Step.NOTICES_AGREED and is_elsewhere:
        message = "Only an office of this dossier may note where its notices go."
        raise NotAllowedError(message)


def require_reading(
    actor: Actor, what: Read, *, offices: Collection[str], for_a_reason: bool = False
) -> None:
    """Raise `NotAllowedError` where this actor may not read this of this dossier.

    Staff may open any dossier, since a citizen may ask anywhere; agents, collaborators and the
    portal only what was helped, taken in or decided at their own place; personal data only where
    the actor's office is one of the dossier's. Auditors read everything, personal data only
    `for_a_reason`: one that they stated themselves.
    """
    require(actor, what)
    if actor.role is Role.ADMINISTRATOR:
        return
    if actor.role is Role.AUDITOR:
        if what is Read.PERSONAL_DATA and not for_a_reason:
            message = "An auditor opens personal data only for a stated reason."
            raise NotAllowedError(message)
        return
    own = actor.office in offices
    if (actor.role in _ONLY_WHERE_IT_IS or what is Read.PERSONAL_DATA) and not own:
        message = "This dossier belongs to other offices."
        raise NotAllowedError(message)
