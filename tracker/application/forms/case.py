"""The data that forms are made from, and the parts that several forms share."""

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

_EventKind = TypeVar("_EventKind", bound=Event)
_HIDDEN = "•••"
_SHOWN = 2


class NoSuchFormError(UnknownError):
    """There is no such form of this dossier: the event that it describes has not happened."""


class Gap(StrEnum):
    """The reason why a form does not show a sealed text."""

    ERASED = "erased"
    LOST = "lost"
    WITHHELD = "withheld"


@dataclass(frozen=True, kw_only=True)
class Person:
    """The applicant; an unknown field is empty."""

    name: str
    id_number: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""

    def masked(self) -> "Person":
        """Return the person without contact details, for a slip that a stranger may find."""
        return Person(
            name=self.name,
            id_number=_masked(self.id_number),
            address=self.address and _HIDDEN,
            phone=_masked(self.phone),
            email=self.email and _HIDDEN,
        )


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a form: the issuing office, the applicant and the dossier.

    `issuer` is `None` if the office is not in the network, as in imported dossiers.
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
    """The whole history of a dossier, its opened texts, and the service's data.

    `texts` maps versions to fields to texts. It is `None` if the reader may not see them.
    """

    events: Sequence[Event]
    texts: Mapping[int, Mapping[str, str]] | None
    service: Service
    now: datetime

    @cached_property
    def dossier(self) -> DossierState:
        """The state after the last event. Raise `BrokenHistoryError` if there is no event."""
        dossier = DossierState.replay(None, self.events)
        if dossier is None:
            raise BrokenHistoryError
        return dossier

    @property
    def procedure(self) -> ProcedureVersion | None:
        """The version of the procedure at intake; `None` if it is not in the catalogue."""
        try:
            return self.service.catalogue.version(
                self.dossier.procedure, self.dossier.procedure_version
            )
        except UnknownError:
            return None

    def office(self, office_id: str) -> Office | None:
        """Return an office; `None` if it is not in the network."""
        return self.service.network.offices.get(office_id)

    def all(self, kind: type[_EventKind]) -> list[_EventKind]:
        """Return all events of this kind, oldest first."""
        return [event for event in self.events if isinstance(event, kind)]

    def nth(self, kind: type[_EventKind], which: int | None) -> tuple[int, _EventKind]:
        """Return an event of this kind and its number from 1; by default the last.

        Raise `NoSuchFormError`.
        """
        events = self.all(kind)
        number = len(events) if which is None else which
        if not 1 <= number <= len(events):
            raise NoSuchFormError
        return number, events[number - 1]

    def reason(self, event: Event) -> str | Gap:
        """Return the reason sealed in this event; empty if it has none."""
        return self._opened(event, "reason")

    def head(self, issuer: str, issued_at: datetime) -> Head:
        """Return the head of a form that this office issues."""
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
        """Return the head of the form about this event.

        If the actor has no office, the issuer is the office that was responsible at that time.
        """
        return self.head(event.by.office or self._responsible_office(event), event.occurred_at)

    def _responsible_office(self, event: Event) -> str:
        last = event.originator_version
        until = [each for each in self.events if each.originator_version <= last]
        offices = replace(self, events=until).dossier.offices
        return offices.received_at if event.step is Step.REFUSED else offices.decided_by

    def applicant(self) -> Person | Gap:
        """Return the applicant after the last correction."""
        text: str | Gap = Gap.WITHHELD
        for event in self.events:
            match event:
                case Submitted() | Received():
                    text = self._opened(event, "applicant")
                case Corrected(what=Correctable.APPLICANT):
                    text = self._opened(event, "sealed")
        if isinstance(text, Gap):
            return text
        return Person(**orjson.loads(text)) if text else Person(name="")

    def _opened(self, event: Event, field: str) -> str | Gap:
        if getattr(event, field) is None:
            return ""
        if self.dossier.personal_data_erased:
            return Gap.ERASED
        if self.texts is None:
            return Gap.WITHHELD
        return self.texts.get(event.originator_version, {}).get(field, Gap.LOST)


def _masked(text: str) -> str:
    """Return the last characters of a text, never the whole text."""
    return text and _HIDDEN + text[_SHOWN:][-_SHOWN:]
