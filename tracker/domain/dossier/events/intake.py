"""Events of intake: a dossier is submitted, received or refused."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Offices, Paper, Promise, Sealed, WayOfReturn


@dataclass(frozen=True, kw_only=True)
class Intake(Event):
    """The fields of both events that open a dossier."""

    channel: str
    offices: Offices
    procedure: str
    procedure_version: int
    papers: tuple[Paper, ...]
    way_of_return: WayOfReturn
    applicant: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Submitted(Intake):
    """The dossier was submitted and is not yet checked."""

    TOPIC = "dossier.submitted.v1"
    step = Step.SUBMITTED


@dataclass(frozen=True, kw_only=True)
class Received(Intake):
    """The dossier was received and the citizen has a receipt.

    `promise` is `None` if the procedure promises no date.
    """

    TOPIC = "dossier.received.v1"
    step = Step.RECEIVED

    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """The office refused to receive the dossier, with reasons (form 03)."""

    TOPIC = "dossier.refused.v1"
    step = Step.REFUSED

    reason: Sealed
    basis: str
