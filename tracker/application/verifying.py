"""Checks a whole event store against the domain's rules, and names what is wrong first.

It trusts neither the database's guards nor the code that wrote: each row is read raw. A few hundred
bytes of memory a dossier are needed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Protocol
from uuid import UUID

from tracker.application.ports import RequestKey
from tracker.application.verifying_lives import Finding, Lives, read_event
from tracker.domain.events import Event, PersonalDataErased
from tracker.domain.lifecycle import Step

_ROWS_A_READ = 500


class Kind(StrEnum):
    """What can be wrong with a store, beside what can be wrong with an event."""

    GAP = "a gap in the positions"
    WRONG_COLUMNS = "columns that contradict the bytes"
    REQUEST_MISSING = "an event without the request that led to it"
    REQUEST_ASTRAY = "a request whose event is not there"
    KEY_MISSING = "sealed data without its key"
    KEY_LEFT = "a key that was to be destroyed"


@dataclass(frozen=True)
class Damage:
    """What is wrong, and with which event; `code` is empty where it cannot be told."""

    kind: StrEnum
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


class StoreVerifier:
    """Reads a store from its first event to the newest one there is when it begins."""

    def __init__(self, scan: StoreScan) -> None:
        """Check what this scan gives."""
        self._scan = scan
        self._lives = Lives()
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
                event = _read(row)
                if isinstance(event, Damage):
                    yield event
                    return
                for kind, detail in self._lives.judge(row.dossier_id, event, row.position):
                    yield Damage(kind, row.position, event.code, row.version, detail)
                events.append((row.position, event))
            yield from self._without_request(events)
            self.events += len(rows)
            step(len(rows))
        if last != self.head:
            detail = f"{self.head - last} missing at the end"
            yield Damage(Kind.GAP, self.head, "", 0, detail)

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
        lives = self._lives.items()
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


def _read(row: StoredRow) -> Event | Damage:
    """Give the event of a row, or what of the row alone is wrong."""
    event = read_event(row.topic, row.state)
    if isinstance(event, Finding):
        return Damage(event.kind, row.position, "", row.version, event.detail)
    if (row.dossier_id, row.version) != (event.originator_id.hex, event.originator_version):
        detail = f"the bytes are of version {event.originator_version} of {event.originator_id}"
        return Damage(Kind.WRONG_COLUMNS, row.position, event.code, row.version, detail)
    return event


def _led_there(row: RequestRow) -> bool:
    event = _read(row.there) if row.there else None
    if event is None or isinstance(event, Damage):
        return False
    return (event.source, event.event_id, event.code, event.originator_version) == (
        row.source,
        row.event_id,
        row.code,
        row.version,
    )
