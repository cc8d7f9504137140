"""Checks a whole event store against the domain's rules, and names what is wrong first.

It trusts neither the database's guards nor the code that wrote: each row is read raw, and each
dossier's life is followed by the same table that decides about it. A few hundred bytes of memory
a dossier are needed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Protocol
from uuid import UUID

from tracker.application.ports import RequestKey
from tracker.domain.codes import dossier_id
from tracker.domain.events import EVENTS, Event, PersonalDataErased
from tracker.domain.lifecycle import Progress, Step
from tracker.domain.values import CLOCK_SKEW
from tracker.recording import UnreadableEventError, from_bytes

_ROWS_A_READ = 500
_ONCE = frozenset({Step.RATED, Step.PERSONAL_DATA_ERASED})


class Kind(StrEnum):
    """What can be wrong with a store."""

    GAP = "a gap in the positions"
    UNREADABLE = "bytes that cannot be read"
    WRONG_NAME = "a stored name that is none of ours"
    WRONG_COLUMNS = "columns that contradict the bytes"
    WRONG_CODE = "a code that is another dossier's"
    WRONG_VERSION = "a version that does not follow its predecessor"
    ILLEGAL_STEP = "a step that cannot follow"
    WRONG_TIME = "times that cannot be"
    REQUEST_MISSING = "an event without the request that led to it"
    REQUEST_ASTRAY = "a request whose event is not there"
    KEY_MISSING = "sealed data without its key"
    KEY_LEFT = "a key that was to be destroyed"


@dataclass(frozen=True)
class Damage:
    """What is wrong, and with which event; `code` is empty where it cannot be told."""

    kind: Kind
    position: int
    code: str
    version: int
    detail: str

    def __str__(self) -> str:
        """Say it in one line."""
        which = f"{self.code or 'an unknown dossier'}, version {self.version}"
        return f"position {self.position} ({which}): {self.kind}: {self.detail}"


@dataclass(frozen=True)
class StoredRow:
    """One row of the table of events, as it is; `dossier_id` is hexadecimal, if it is an id."""

    position: int
    dossier_id: str
    version: int
    topic: str
    state: bytes


@dataclass(frozen=True)
class RequestRow:
    """One row of the table of requests, and the row of the event at its position, if any."""

    source: str
    event_id: str
    code: str
    version: int
    position: int
    there: StoredRow | None


class StoreScan(Protocol):
    """The tables of an event store, as they are."""

    @property
    def leaves_no_gaps(self) -> bool:
        """Tell whether the store numbers its events 1, 2, 3 ..."""

    def head(self) -> int:
        """Give the position of the newest event."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Give rows of events, oldest first."""

    def requests(self, *, up_to: int) -> Iterator[RequestRow]:
        """Give every request up to this position or without an event, in any order."""

    def requested(self, keys: Sequence[RequestKey]) -> set[RequestKey]:
        """Give those of these requests that are there."""

    def keyed(self, dossier_ids: Sequence[UUID]) -> set[UUID]:
        """Give those of these dossiers that have a key."""


@dataclass
class _Life:
    """What must be known of a dossier to judge its next event."""

    code: str
    version: int = 0
    position: int = 0
    progress: Progress = field(default_factory=Progress)
    recorded_at: datetime | None = None
    once: frozenset[Step] = frozenset()


class StoreVerifier:
    """Reads a store from its first event to the newest one there is when it begins."""

    def __init__(self, scan: StoreScan) -> None:
        """Check what this scan gives."""
        self._scan = scan
        self._lives: dict[str, _Life] = {}
        self._interned: dict[Progress, Progress] = {}
        self.head = scan.head()
        self.events = 0

    @property
    def dossiers(self) -> int:
        """The number of dossiers seen so far."""
        return len(self._lives)

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> Damage | None:
        """Give what is wrong first, `None` where all is well; `step` is told how far it is."""
        return (
            next(self._in_events(step), None)
            or min(self._in_requests(), key=lambda found: found.position, default=None)
            or min(self._in_keys(), key=lambda found: found.position, default=None)
        )

    def _in_events(self, step: Callable[[int], None]) -> Iterator[Damage]:
        last = 0
        while rows := self._scan.events(after=last, up_to=self.head, limit=_ROWS_A_READ):
            events: list[tuple[int, Event]] = []
            for row in rows:
                if self._scan.leaves_no_gaps and row.position != last + 1:
                    detail = f"{row.position - last - 1} missing before it"
                    yield Damage(Kind.GAP, row.position, "", row.version, detail)
                last = row.position
                event, damage = _read(row)
                if event is None or damage is not None:
                    yield damage or Damage(Kind.UNREADABLE, row.position, "", row.version, "")
                    return
                yield from self._in_event(row, event)
                events.append((row.position, event))
            yield from self._without_request(events)
            self.events += len(rows)
            step(len(rows))
        if last != self.head:
            detail = f"{self.head - last} missing at the end"
            yield Damage(Kind.GAP, self.head, "", 0, detail)

    def _in_event(self, row: StoredRow, event: Event) -> Iterator[Damage]:
        life = self._lives.setdefault(row.dossier_id, _Life(event.code))
        for kind, detail in _against(life, event):
            yield Damage(kind, row.position, event.code, row.version, detail)
        progress = life.progress.after(event.step)
        life.progress = self._interned.setdefault(progress, progress)
        life.version, life.position = event.originator_version, row.position
        life.recorded_at = event.recorded_at
        life.once |= {event.step} & _ONCE

    def _without_request(self, events: Sequence[tuple[int, Event]]) -> Iterator[Damage]:
        there = self._scan.requested([(event.source, event.event_id) for _, event in events])
        for position, event in events:
            is_there = (event.source, event.event_id) in there
            if not is_there and event.step is not Step.PERSONAL_DATA_ERASED:
                detail = f"{event.event_id} of {event.source}"
                version = event.originator_version
                yield Damage(Kind.REQUEST_MISSING, position, event.code, version, detail)

    def _in_requests(self) -> Iterator[Damage]:
        for row in self._scan.requests(up_to=self.head):
            if not _led_there(row):
                detail = f"{row.event_id} of {row.source}"
                yield Damage(Kind.REQUEST_ASTRAY, row.position, row.code, row.version, detail)

    def _in_keys(self) -> Iterator[Damage]:
        lives = iter(self._lives.items())
        while part := dict(islice(lives, _ROWS_A_READ)):
            keyed = {one.hex for one in self._scan.keyed([UUID(one) for one in part])}
            for dossier, life in part.items():
                erased = Step.PERSONAL_DATA_ERASED in life.once
                if erased and dossier in keyed:
                    kind, detail = Kind.KEY_LEFT, "the personal data can still be read"
                elif not erased and dossier not in keyed and not self._erased_since(dossier):
                    kind, detail = Kind.KEY_MISSING, "the personal data cannot be read any more"
                else:
                    continue
                yield Damage(kind, life.position, life.code, life.version, detail)

    def _erased_since(self, dossier: str) -> bool:
        last, head = self.head, self._scan.head()
        while rows := self._scan.events(after=last, up_to=head, limit=_ROWS_A_READ):
            if any(
                (row.dossier_id, row.topic) == (dossier, PersonalDataErased.TOPIC) for row in rows
            ):
                return True
            last = rows[-1].position
        return False


def _read(row: StoredRow) -> tuple[Event | None, Damage | None]:
    """Give the event of a row, and what of the row alone is wrong."""

    def damage(kind: Kind, detail: str, code: str = "") -> Damage:
        return Damage(kind, row.position, code, row.version, detail)

    if row.topic not in EVENTS:
        return None, damage(Kind.WRONG_NAME, repr(row.topic))
    try:
        event = from_bytes(row.topic, row.state)
    except UnreadableEventError as error:
        return None, damage(Kind.UNREADABLE, str(error.__cause__))
    if (row.dossier_id, row.version) != (event.originator_id.hex, event.originator_version):
        detail = f"the bytes are of version {event.originator_version} of {event.originator_id}"
        return event, damage(Kind.WRONG_COLUMNS, detail, event.code)
    if dossier_id(event.code) != event.originator_id:
        return event, damage(Kind.WRONG_CODE, f"the id is {event.originator_id}", event.code)
    return event, None


def _led_there(row: RequestRow) -> bool:
    if row.there is None:
        return False
    event, damage = _read(row.there)
    if event is None or damage is not None:
        return False
    return (event.source, event.event_id, event.code, event.originator_version) == (
        row.source,
        row.event_id,
        row.code,
        row.version,
    )


def _against(life: _Life, event: Event) -> Iterator[tuple[Kind, str]]:
    """Say what stands against this event as the next of its dossier."""
    if event.originator_version != life.version + 1:
        yield Kind.WRONG_VERSION, f"{life.version} stands before it"
    stage = life.progress.stage or "not there yet"
    if not life.progress.allows(event.step):
        yield Kind.ILLEGAL_STEP, f"{event.step} while the dossier is {stage}"
    if event.step in life.once:
        yield Kind.ILLEGAL_STEP, f"{event.step} for the second time"
    try:
        if life.recorded_at is not None and event.recorded_at < life.recorded_at:
            yield Kind.WRONG_TIME, "recorded before its predecessor"
        if event.occurred_at > event.recorded_at + CLOCK_SKEW:
            yield Kind.WRONG_TIME, "it happened after it was recorded"
    except TypeError:
        yield Kind.WRONG_TIME, "a time has no zone"
