"""What every form is made from, and the facts that several forms share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

import orjson

from tracker.application.service import Service
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.state import BrokenHistoryError, DossierState
from tracker.domain.dossier.values import Correctable
from tracker.domain.errors import UnknownError
from tracker.domain.network.network import Office
from tracker.domain.network.procedures import ProcedureVersion

_Asked = TypeVar("_Asked", bound=Event)
_HIDDEN = "•••"
_SHOWN = 2


class NoSuchFormError(UnknownError):
    """There is no such form of this dossier: what it tells of has not happened."""


class Gap(StrEnum):
    """Why a form does not say who the applicant is."""

    ERASED = "erased"
    LOST = "lost"
    WITHHELD = "withheld"


@dataclass(frozen=True, kw_only=True)
class Person:
    """The applicant; what is not known is empty."""

    name: str
    id_number: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""

    def masked(self) -> "Person":
        """Return the person as a slip may show them that anybody can find."""
        return Person(
            name=self.name,
            id_number=_masked(self.id_number),
            address=self.address and _HIDDEN,
            phone=_masked(self.phone),
            email=self.email and _HIDDEN,
        )


@dataclass(frozen=True, kw_only=True)
class Head:
    """The upper part of a form: whose paper it is, and about which dossier.

    `issuer` is `None` where the office is none of ours, as with what was imported.
    """

    code: str
    issuer: Office | None
    above: Office | None
    issued_at: datetime
    applicant: Person | Gap
    procedure: str
    procedure_name: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """A dossier's whole history, what its key opens of it, and the service's data.

    `texts` is `None` where whoever asks may not see them.
    """

    events: Sequence[Event]
    texts: Mapping[int, Mapping[str, str]] | None
    service: Service
    now: datetime

    @cached_property
    def dossier(self) -> DossierState:
        """The fold of the history."""
        dossier = DossierState.replay(None, self.events)
        if dossier is None:
            raise BrokenHistoryError
        return dossier

    @property
    def procedure(self) -> ProcedureVersion | None:
        """The version it came in under; `None` where it is none of ours."""
        try:
            return self.service.catalogue.version(
                self.dossier.procedure, self.dossier.procedure_version
            )
        except UnknownError:
            return None

    def office(self, office_id: str) -> Office | None:
        """Return an office; `None` where it is none of ours."""
        return self.service.network.offices.get(office_id)

    def all(self, kind: type[_Asked]) -> list[_Asked]:
        """Return every event of this kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def nth(self, kind: type[_Asked], which: int | None) -> tuple[int, _Asked]:
        """Return an event of this kind and its number from 1; by default the last.

        Raise `NoSuchFormError`.
        """
        found = self.all(kind)
        number = len(found) if which is None else which
        if not 1 <= number <= len(found):
            raise NoSuchFormError
        return number, found[number - 1]

    def reason(self, event: Event) -> str | Gap:
        """Return the reason that was sealed in this event; empty where none was given."""
        return self._opened(event, "reason")

    def head(self, issuer: str, issued_at: datetime) -> Head:
        """Make the upper part of a paper of this office."""
        office, procedure = self.office(issuer), self.procedure
        return Head(
            code=self.dossier.code,
            issuer=office,
            above=self.office(office.parent) if office and office.parent else None,
            issued_at=issued_at,
            applicant=self.applicant(),
            procedure=self.dossier.procedure,
            procedure_name=procedure.name if procedure else "",
        )

    def head_of(self, event: Event) -> Head:
        """Make the upper part of the paper that says what this event did.

        Whoever acts without an office of their own does so for the office whose turn it was.
        """
        return self.head(event.by.office or self._whose_turn(event), event.occurred_at)

    def _whose_turn(self, event: Event) -> str:
        until = [one for one in self.events if one.originator_version <= event.originator_version]
        offices = replace(self, events=until).dossier.offices
        return offices.received_at if event.step is Step.REFUSED else offices.decided_by

    def applicant(self) -> Person | Gap:
        """Tell who the applicant is, as corrected last."""
        told: str | Gap = Gap.WITHHELD
        for event in self.events:
            match event:
                case Submitted() | Received():
                    told = self._opened(event, "applicant")
                case Corrected(what=Correctable.APPLICANT):
                    told = self._opened(event, "sealed")
        if isinstance(told, Gap):
            return told
        return Person(**orjson.loads(told)) if told else Person(name="")

    def _opened(self, event: Event, field: str) -> str | Gap:
        if getattr(event, field) is None:
            return ""
        if self.dossier.personal_data_erased:
            return Gap.ERASED
        if self.texts is None:
            return Gap.WITHHELD
        return self.texts.get(event.originator_version, {}).get(field, Gap.LOST)


def _masked(text: str) -> str:
    """Show the end of a text, never so much that it is the whole."""
    return text and _HIDDEN + text[_SHOWN:][-_SHOWN:]
