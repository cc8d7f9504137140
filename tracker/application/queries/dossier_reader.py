"""Reads single dossiers from the event store itself, for those who may, and records who read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tracker.application.commands.envelope import UnknownDossierError
from tracker.application.forms.case import Case
from tracker.application.ports import AccessLog, DossierRecorder, Seal, Vault
from tracker.application.recovery.key_loss import KeyLostError, is_erased, seal_of
from tracker.application.service import Service
from tracker.domain.deadlines.deadlines import Deadline, deadline
from tracker.domain.dossier.actors import MAY, Actor, Read, require, require_reading
from tracker.domain.dossier.clock import LedgerEntry
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.history import cut
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import Sealed
from tracker.domain.errors import NotAllowedError, UnknownError
from tracker.serialization import decode

_ONE_LOOK = timedelta(minutes=10)


@dataclass(frozen=True)
class Moment:
    """Which past is meant: what had happened by `as_of`, as it was known at `known_at`."""

    as_of: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True)
class Why:
    """Why a date: every promise made, and the reckoning on the calendar as known on a day.

    `reckoned` is `None` where the procedure has no time, or is none of ours.
    """

    code: str
    ledger: Sequence[LedgerEntry]
    calendar: str
    reckoned: Deadline | None


@dataclass(frozen=True)
class Opened:
    """A dossier as somebody at a desk opens it; `events` only where they may read the history."""

    dossier: DossierState
    events: Sequence[Event] | None
    why: Why


@dataclass(frozen=True)
class Replay:
    """A dossier's whole past, as auditors go through it, and who read it, oldest first."""

    events: Sequence[Event]
    dossier: DossierState
    looks: Sequence[Any]


class DossierReader:
    """Answers for one dossier at a time; every answer is recorded before it is given."""

    def __init__(
        self,
        store: DossierRecorder,
        *,
        service: Service,
        vault: Vault,
        reads: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read this store; note every look in `reads`."""
        self._store = store
        self._service = service
        self._vault = vault
        self._reads = reads
        self._now = now

    def dossier(self, actor: Actor, code: str, moment: Moment) -> DossierState:
        """Return the dossier as it stood. Raise `UnknownDossierError`, `NotAllowedError`."""
        events, dossier = self._open(actor, code, Read.DOSSIER)
        if moment == Moment():
            return dossier
        then = DossierState.picture(cut(events, as_of=moment.as_of, known_at=moment.known_at))
        if then is None:
            raise UnknownDossierError
        return then

    def whole(self, actor: Actor, code: str) -> Opened:
        """Return all of a dossier that this actor may read, the sealed texts aside: one look."""
        what = Read.HISTORY if Read.HISTORY in MAY[actor.role] else Read.DOSSIER
        events, dossier = self._open(actor, code, what)
        return Opened(
            dossier,
            events if what is Read.HISTORY else None,
            why_of(dossier, self._service, self._today()),
        )

    def history(self, actor: Actor, code: str, moment: Moment) -> list[Event]:
        """Return the dossier's events in stored order, cut on both axes."""
        events, _ = self._open(actor, code, Read.HISTORY)
        return cut(events, as_of=moment.as_of, known_at=moment.known_at)

    def personal_data(self, actor: Actor, code: str, reason: str) -> dict[int, dict[str, str]]:
        """Return what is sealed in each event, by version and field; nothing once it is erased.

        `reason` is why it is looked at, in the reader's own words. Raise `KeyLostError`.
        """
        events, dossier = self._open(actor, code, Read.PERSONAL_DATA, reason, is_stated=True)
        wrapped = self._store.select_keys([dossier.id]).get(dossier.id)
        return self._texts_under(wrapped, dossier.id, events)

    def case(self, actor: Actor, code: str, what: Read, reason: str) -> Case:
        """Return what a form is made from; texts are opened only to read personal data."""
        events, _ = self._open(actor, code, what, reason)
        texts = None
        if what is Read.PERSONAL_DATA:
            one = dossier_id(code)
            texts = self._known_texts(self._store.select_keys([one]).get(one), one, events)
        return Case(events=events, texts=texts, service=self._service, now=self._now())

    def cases(self, actor: Actor, ids: Sequence[UUID], reason: str) -> list[Case]:
        """Return what a form of many dossiers is made from; texts only where they may be read."""
        require(actor, Read.REGISTER)
        histories, keys = self._store.select_histories(ids), self._store.select_keys(ids)
        now = self._now()
        cases: dict[Read, list[Case]] = {Read.DOSSIER: [], Read.PERSONAL_DATA: []}
        for one, stored in histories.items():
            events = [decode(topic, state) for topic, state in stored]
            case = Case(events=events, texts=None, service=self._service, now=now)
            if _may_read_texts(actor, case.dossier):
                texts = self._known_texts(keys.get(one), one, events)
                cases[Read.PERSONAL_DATA].append(replace(case, texts=texts))
            else:
                cases[Read.DOSSIER].append(case)
        for what, some in cases.items():
            seen = [case.dossier.id for case in some]
            self._reads.record_all(seen, actor, what.value, now, reason)
        return [case for some in cases.values() for case in some]

    def why(self, actor: Actor, code: str, *, known_on: date | None = None) -> Why:
        """Explain the dossier's dates; the calendar is as known on `known_on`, by default today."""
        _, dossier = self._open(actor, code, Read.DOSSIER)
        return why_of(dossier, self._service, known_on or self._today())

    def readers(self, actor: Actor, code: str) -> Sequence[Any]:
        """List who read the dossier before."""
        require(actor, Read.READERS)
        _, dossier = self._load(code)
        looks = self._reads.of(dossier.id)
        self._reads.record(dossier.id, actor, Read.READERS.value, self._now())
        return looks

    def replay(self, actor: Actor, code: str) -> Replay:
        """Return every event, and who read the dossier.

        To go through its past moment by moment is one look, recorded once in ten minutes.
        """
        require(actor, Read.READERS)
        events, dossier = self._load(code)
        looks, now = self._reads.of(dossier.id), self._now()
        if not any(_is_going_on(look, actor, now) for look in looks):
            self._reads.record(dossier.id, actor, Read.HISTORY.value, now)
            looks = self._reads.of(dossier.id)
        return Replay(events, dossier, looks)

    def note_told(self, actor: Actor, codes: Sequence[str]) -> None:
        """Note, before it is done, that an explanation of figures tells of these dossiers."""
        require(actor, Read.EXPLANATION)
        ids = [dossier_id(code) for code in codes]
        self._reads.record_all(ids, actor, Read.FIGURES.value, self._now(), "")

    def _today(self) -> date:
        return self._service.local_day(self._now())

    def _open(
        self, actor: Actor, code: str, what: Read, reason: str = "", *, is_stated: bool = False
    ) -> tuple[list[Event], DossierState]:
        require(actor, what)
        events, dossier = self._load(code)
        _require_reading(actor, what, dossier, for_a_reason=is_stated and bool(reason))
        self._reads.record(dossier.id, actor, what.value, self._now(), reason)
        return events, dossier

    def _known_texts(
        self, wrapped: bytes | None, one: UUID, events: Sequence[Event]
    ) -> dict[int, dict[str, str]]:
        """Return the texts for a form, which says by itself that they are lost."""
        try:
            return self._texts_under(wrapped, one, events)
        except KeyLostError:
            return {}

    def _texts_under(
        self, wrapped: bytes | None, one: UUID, events: Sequence[Event]
    ) -> dict[int, dict[str, str]]:
        seal = seal_of(self._vault, one, wrapped, is_erased=is_erased(events))
        if seal is None:
            return {}
        opened = {event.originator_version: opened_texts(event, seal) for event in events}
        return {version: texts for version, texts in opened.items() if texts}

    def _load(self, code: str) -> tuple[list[Event], DossierState]:
        events = [
            decode(one.topic, one.state) for one in self._store.select_events(dossier_id(code))
        ]
        dossier = DossierState.replay(None, events)
        if dossier is None:
            raise UnknownDossierError
        return events, dossier


def _is_going_on(look: Any, actor: Actor, now: datetime) -> bool:  # noqa: ANN401  as kept
    is_alike = (look.what, look.role, look.actor) == (Read.HISTORY, actor.role, actor.id)
    return is_alike and now - look.read_at < _ONE_LOOK


def _require_reading(
    actor: Actor, what: Read, dossier: DossierState, *, for_a_reason: bool = False
) -> None:
    offices = dossier.offices
    places = (offices.helped_at, offices.received_at, offices.decided_by)
    require_reading(actor, what, offices=places, for_a_reason=for_a_reason)


def _may_read_texts(actor: Actor, dossier: DossierState) -> bool:
    try:
        _require_reading(actor, Read.PERSONAL_DATA, dossier)
    except NotAllowedError:
        return False
    return True


def why_of(dossier: DossierState, service: Service, known_on: date) -> Why:
    """Explain a dossier's dates on the calendar as it was known on this day."""
    calendar = service.calendar.as_known(known_on)
    reckoned = None
    if dossier.received_at is not None:
        try:
            procedure = service.catalogue.version(dossier.procedure, dossier.procedure_version)
        except UnknownError:
            pass
        else:
            reckoned = deadline(procedure.rule, dossier.received_at, dossier.pauses.all(), calendar)
    return Why(dossier.code, dossier.ledger, calendar.version, reckoned)


def opened_texts(event: Event, seal: Seal) -> dict[str, str]:
    """Open what is sealed in an event, by field."""
    opened: dict[str, str] = {}
    for one in fields(event):
        value = getattr(event, one.name)
        if one.name in SEALED_FIELDS and value is not None:
            opened[one.name] = seal.open(sealed_as(event, one.name), Sealed(value))
    return opened


SEALED_FIELDS = frozenset(
    {"applicant", "sealed", "reason", "text", "raw", "contact", "whereabouts"}
)
"""The fields of events that hold sealed text."""


def sealed_as(event: Event, field: str) -> str:
    """Name what a field of an event was sealed as."""
    return "applicant" if field in {"applicant", "sealed"} else f"{event.step.value}.{field}"
