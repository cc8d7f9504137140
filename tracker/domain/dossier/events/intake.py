"""Events of intake: a dossier is submitted, received or refused."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Offices, Paper, Promise, Sealed, WayOfReturn


@dataclass(frozen=True, kw_only=True)
class Submitted(Event):
    """Handed in, and nobody has looked at it yet."""

    TOPIC = "dossier.submitted.v1"
    step = Step.SUBMITTED

    channel: str
    offices: Offices
    procedure: str
    procedure_version: int
    papers: tuple[Paper, ...]
    way_of_return: WayOfReturn
    applicant: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Received(Event):
    """Taken in: the receipt is given and the promise starts. `None`: this procedure has none."""

    TOPIC = "dossier.received.v1"
    step = Step.RECEIVED

    channel: str
    offices: Offices
    procedure: str
    procedure_version: int
    papers: tuple[Paper, ...]
    way_of_return: WayOfReturn
    applicant: Sealed | None
    promise: Promise | None


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """Not taken in, with reasons (form 03)."""

    TOPIC = "dossier.refused.v1"
    step = Step.REFUSED

    reason: Sealed
    basis: str
