"""Reads single dossiers from the event store, checks permissions, and records each access."""

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
    """A past state: the events that happened by `as_of` and were recorded by `known_at`."""

    as_of: datetime | None = None
    known_at: datetime | None = None


@dataclass(frozen=True)
class Why:
    """The explanation of a date: all promises, and the calculation on the calendar known on a day.

    `reckoned` is `None` if the procedure is unknown or has no processing time.
    """

    code: str
    ledger: Sequence[LedgerEntry]
    calendar: str
    reckoned: Deadline | None


@dataclass(frozen=True)
class Opened:
    """A dossier for the desk; `events` is `None` if the actor may not read the history."""

    dossier: DossierState
    events: Sequence[Event] | None
    why: Why


@dataclass(frozen=True)
class Replay:
    """The whole history of a dossier and all accesses, oldest first, for auditors."""

    events: Sequence[Event]
    dossier: DossierState
    looks: Sequence[Any]


class DossierReader:
    """Reads one dossier at a time, and records each access before it returns the answer."""

    def __init__(
        self,
        store: DossierRecorder,
        *,
        service: Service,
        vault: Vault,
        access_log: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Read this store; record every access in `access_log`."""
        self._store = store
        self._service = service
        self._vault = vault
        self._access_log = access_log
        self._now = now

    def dossier(self, actor: Actor, code: str, moment: Moment) -> DossierState:
        """Return the dossier at this moment. Raise `UnknownDossierError`, `NotAllowedError`."""
        events, dossier = self._open(actor, code, Read.DOSSIER)
        if moment == Moment():
            return dossier
        then = DossierState.picture(cut(events, as_of=moment.as_of, known_at=moment.known_at))
        if then is None:
            raise UnknownDossierError
        return then

    def whole(self, actor: Actor, code: str) -> Opened:
        """Return all that this actor may read without sealed texts; record it as one access."""
        what = Read.HISTORY if Read.HISTORY in MAY[actor.role] else Read.DOSSIER
        events, dossier = self._open(actor, code, what)
        return Opened(
            dossier,
            events if what is Read.HISTORY else None,
            why_of(dossier, self._service, self._today()),
        )

    def history(self, actor: Actor, code: str, moment: Moment) -> list[Event]:
        """Return the dossier's events up to this moment, in order of versions."""
        events, _ = self._open(actor, code, Read.HISTORY)
        return cut(events, as_of=moment.as_of, known_at=moment.known_at)

    def personal_data(self, actor: Actor, code: str, reason: str) -> dict[int, dict[str, str]]:
        """Return the sealed texts, by version and field; empty if personal data was erased.

        `reason` is the reader's reason in free text. Raise `KeyLostError`.
        """
        events, dossier = self._open(actor, code, Read.PERSONAL_DATA, reason, is_stated=True)
        wrapped = self._store.select_keys([dossier.id]).get(dossier.id)
        return self._texts_under(wrapped, dossier.id, events)

    def case(self, actor: Actor, code: str, what: Read, reason: str) -> Case:
        """Return the data for a form; it opens texts only if `what` is personal data."""
        events, _ = self._open(actor, code, what, reason)
        texts = None
        if what is Read.PERSONAL_DATA:
            uuid = dossier_id(code)
            texts = self._known_texts(self._store.select_keys([uuid]).get(uuid), uuid, events)
        return Case(events=events, texts=texts, service=self._service, now=self._now())

    def cases(self, actor: Actor, ids: Sequence[UUID], reason: str) -> list[Case]:
        """Return the data for a form of many dossiers, with the texts that the actor may read."""
        require(actor, Read.REGISTER)
        histories, keys = self._store.select_histories(ids), self._store.select_keys(ids)
        now = self._now()
        cases: dict[Read, list[Case]] = {Read.DOSSIER: [], Read.PERSONAL_DATA: []}
        for uuid, stored in histories.items():
            events = [decode(topic, state) for topic, state in stored]
            case = Case(events=events, texts=None, service=self._service, now=now)
            if _may_read_texts(actor, case.dossier):
                texts = self._known_texts(keys.get(uuid), uuid, events)
                cases[Read.PERSONAL_DATA].append(replace(case, texts=texts))
            else:
                cases[Read.DOSSIER].append(case)
        for what, group in cases.items():
            seen = [case.dossier.id for case in group]
            self._access_log.record_all(seen, actor, what.value, now, reason)
        return [case for group in cases.values() for case in group]

    def why(self, actor: Actor, code: str, *, known_on: date | None = None) -> Why:
        """Explain the dossier's date with the calendar known on a day, by default today."""
        _, dossier = self._open(actor, code, Read.DOSSIER)
        return why_of(dossier, self._service, known_on or self._today())

    def readers(self, actor: Actor, code: str) -> Sequence[Any]:
        """Return all earlier accesses to the dossier, oldest first."""
        require(actor, Read.READERS)
        _, dossier = self._load(code)
        looks = self._access_log.of(dossier.id)
        self._access_log.record(dossier.id, actor, Read.READERS.value, self._now())
        return looks

    def replay(self, actor: Actor, code: str) -> Replay:
        """Return all events and all accesses.

        Repeated calls within ten minutes count as one access of the same reader.
        """
        require(actor, Read.READERS)
        events, dossier = self._load(code)
        looks, now = self._access_log.of(dossier.id), self._now()
        if not any(_is_same_access(look, actor, now) for look in looks):
            self._access_log.record(dossier.id, actor, Read.HISTORY.value, now)
            looks = self._access_log.of(dossier.id)
        return Replay(events, dossier, looks)

    def record_explained(self, actor: Actor, codes: Sequence[str]) -> None:
        """Record an access to these dossiers before an explanation of figures names them."""
        require(actor, Read.EXPLANATION)
        ids = [dossier_id(code) for code in codes]
        self._access_log.record_all(ids, actor, Read.FIGURES.value, self._now(), "")

    def _today(self) -> date:
        return self._service.local_day(self._now())

    def _open(
        self, actor: Actor, code: str, what: Read, reason: str = "", *, is_stated: bool = False
    ) -> tuple[list[Event], DossierState]:
        require(actor, what)
        events, dossier = self._load(code)
        _require_reading(actor, what, dossier, for_a_reason=is_stated and bool(reason))
        self._access_log.record(dossier.id, actor, what.value, self._now(), reason)
        return events, dossier

    def _known_texts(
        self, wrapped: bytes | None, uuid: UUID, events: Sequence[Event]
    ) -> dict[int, dict[str, str]]:
        """Return the texts for a form; empty if the key is lost, which the form then says."""
        try:
            return self._texts_under(wrapped, uuid, events)
        except KeyLostError:
            return {}

    def _texts_under(
        self, wrapped: bytes | None, uuid: UUID, events: Sequence[Event]
    ) -> dict[int, dict[str, str]]:
        seal = seal_of(self._vault, uuid, wrapped, is_erased=is_erased(events))
        if seal is None:
            return {}
        opened = {event.originator_version: opened_texts(event, seal) for event in events}
        return {version: texts for version, texts in opened.items() if texts}

    def _load(self, code: str) -> tuple[list[Event], DossierState]:
        events = [
            decode(row.topic, row.state) for row in self._store.select_events(dossier_id(code))
        ]
        dossier = DossierState.replay(None, events)
        if dossier is None:
            raise UnknownDossierError
        return events, dossier


def _is_same_access(look: Any, actor: Actor, now: datetime) -> bool:  # noqa: ANN401  a row
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
    """Explain a dossier's date with the calendar known on this day."""
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
    """Return the opened texts of an event, by field. Raise `SealBrokenError`."""
    opened: dict[str, str] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in SEALED_FIELDS and value is not None:
            opened[field.name] = seal.open(sealed_as(event, field.name), Sealed(value))
    return opened


SEALED_FIELDS = frozenset(
    {"applicant", "sealed", "reason", "text", "raw", "contact", "whereabouts"}
)
"""The fields of events that contain sealed text."""


def sealed_as(event: Event, field: str) -> str:
    """Return the name under which this field of the event was sealed."""
    return "applicant" if field in {"applicant", "sealed"} else f"{event.step.value}.{field}"
