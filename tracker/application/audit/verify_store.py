"""Checks a whole event store against the rules of the domain, and returns the first damage.

It reads raw rows: it relies neither on the constraints of the database nor on the code that wrote
the rows. It needs a few hundred bytes of memory for each dossier.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from string import hexdigits
from typing import NamedTuple, Protocol
from uuid import UUID

from tracker.application.audit.verify_lifecycles import Finding, LifecycleJudge, read_event
from tracker.application.ports import RequestKey
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.domain.dossier.lifecycle import Step

_ROWS_A_READ = 2000
_KEYS_A_READ = 500
_ID_DIGITS = 32
BEFORE_ALL = -(2**62)
"""A position before every possible position, even one that somebody wrote into the database."""


class StoreDamageKind(StrEnum):
    """A fault of the store that is not a fault of one event."""

    GAP = "a gap in the positions"
    WRONG_COLUMNS = "columns that contradict the bytes"
    REQUEST_MISSING = "an event without the request that led to it"
    REQUEST_ASTRAY = "a request whose event is not there"
    KEY_MISSING = "sealed data without its key"
    KEY_LEFT = "a key that should have been destroyed"


@dataclass(frozen=True)
class Damage:
    """A fault and its event; `code` is empty if it is unknown."""

    kind: StrEnum
    position: int
    code: str
    version: int
    detail: str

    def __str__(self) -> str:
        """Return one line for an operator."""
        which = f"{self.code or 'an unknown dossier'}, version {self.version}"
        return f"position {self.position} ({which}): {self.kind}: {self.detail}"


class StoredRow(NamedTuple):
    """One raw row of the table of events; a valid `dossier_id` is 32 hex digits."""

    position: int
    dossier_id: str
    version: int
    topic: str
    state: bytes


class RequestRow(NamedTuple):
    """One row of the table of requests, with the event that it names."""

    position: int
    source: str
    event_id: str
    code: str
    version: int


class EventRows(Protocol):
    """The raw rows of events, in the order of the store."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return up to `limit` rows after a position and up to another, oldest first."""


class StoredEvents(EventRows, Protocol):
    """The raw rows of the events of a store."""

    def of(self, dossier_ids: Sequence[UUID], *, up_to: int) -> Iterator[Sequence[StoredRow]]:
        """Yield the events of each of these dossiers up to a position, in order of versions."""

    def count(self, *, up_to: int) -> int:
        """Return the number of events up to this position."""


class StoreScan(StoredEvents, Protocol):
    """The raw tables of an event store."""

    @property
    def leaves_no_gaps(self) -> bool:
        """Whether the store numbers its events 1, 2, 3 ..."""

    def head(self) -> int:
        """Return the position of the newest event."""

    def requests(self, *, after: int, up_to: int) -> Iterator[RequestRow]:
        """Yield every request after a position and up to another, in the order of positions.

        Requests after `up_to` are included if the store has no such event.
        """

    def requested(self, keys: Sequence[RequestKey]) -> set[RequestKey]:
        """Return the keys from `keys` that the table of requests has."""

    def keyed(self, dossier_ids: Sequence[UUID]) -> set[UUID]:
        """Return the ids from `dossier_ids` whose dossier has a key."""


class StoreVerifier:
    """Checks a store up to its newest event at the start.

    If it starts after a position, it reads earlier events only of dossiers with later events.
    """

    def __init__(self, scan: StoreScan, *, after: int = 0) -> None:
        """Check the rows of this scan after a position."""
        self._scan = scan
        self._after = after
        self._lives = LifecycleJudge()
        self.head = scan.head()
        self.events = 0
        self.before = 0
        """The number of events read at or before the start position."""

    @property
    def dossiers(self) -> int:
        """The number of dossiers seen so far."""
        return len(self._lives)

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> Damage | None:
        """Return the first damage or `None`. `step` gets the number of events just checked.

        Keys are not checked here: `wrong_keys` returns every lost or remaining key.
        """
        requests = _Requests(self._scan.requests(after=self._after or BEFORE_ALL, up_to=self.head))
        return next(self._in_events(requests, step), None) or next(self._astray(requests), None)

    def _in_events(self, requests: "_Requests", step: Callable[[int], None]) -> Iterator[Damage]:
        last = self._after
        while rows := self._scan.events(after=last, up_to=self.head, limit=_ROWS_A_READ):
            if self._after:
                yield from self._before({row.dossier_id for row in rows})
            events: list[tuple[int, Event]] = []
            for row in rows:
                if self._scan.leaves_no_gaps and row.position != last + 1:
                    detail = f"{row.position - last - 1} missing before it"
                    yield Damage(StoreDamageKind.GAP, row.position, "", row.version, detail)
                last = row.position
                event = _read(row)
                if isinstance(event, Damage):
                    yield event
                    return
                for kind, detail in self._lives.judge(row.dossier_id, event, row.position):
                    yield Damage(kind, row.position, event.code, row.version, detail)
                events.append((row.position, event))
            yield from self._without_request(requests.unfulfilled(events, up_to=last))
            self.events += len(rows)
            step(len(rows))
        if last != self.head:
            detail = f"{self.head - last} missing at the end"
            yield Damage(StoreDamageKind.GAP, self.head, "", 0, detail)

    def _before(self, dossiers: set[str]) -> Iterator[Damage]:
        """Check the events at or before the start of those dossiers that are not yet known."""
        ids = [
            UUID(dossier) for dossier in dossiers if dossier not in self._lives and _is_id(dossier)
        ]
        for rows in self._scan.of(ids, up_to=self._after):
            self.before += len(rows)
            for row in rows:
                event = _read(row)
                if isinstance(event, Damage):
                    yield event
                    return
                for kind, detail in self._lives.judge(row.dossier_id, event, row.position):
                    yield Damage(kind, row.position, event.code, row.version, detail)

    def _without_request(self, events: Sequence[tuple[int, Event]]) -> Iterator[Damage]:
        """Yield a damage for each of these events that has no request at all.

        An erasure of personal data has no request, and an event may have a request elsewhere.
        """
        if not events:
            return
        elsewhere = self._scan.requested([(event.source, event.event_id) for _, event in events])
        for position, event in events:
            key = event.source, event.event_id
            if key not in elsewhere and event.step is not Step.PERSONAL_DATA_ERASED:
                detail = f"{event.event_id} of {event.source}"
                version = event.originator_version
                yield Damage(StoreDamageKind.REQUEST_MISSING, position, event.code, version, detail)

    def _astray(self, requests: "_Requests") -> Iterator[Damage]:
        row = requests.first_astray()
        if row:
            detail = f"{row.event_id} of {row.source}"
            yield Damage(
                StoreDamageKind.REQUEST_ASTRAY, row.position, row.code, row.version, detail
            )

    def wrong_keys(self) -> list[Damage]:
        """Return every lost or remaining key, oldest dossier first. Call `first_damage` before."""
        return sorted(self._in_keys(), key=lambda damage: damage.position)

    def _in_keys(self) -> Iterator[Damage]:
        lives = self._lives.items()
        while part := dict(islice(lives, _KEYS_A_READ)):
            keyed = {
                dossier_id.hex
                for dossier_id in self._scan.keyed([UUID(dossier) for dossier in part])
            }
            for dossier, life in part.items():
                erased = Step.PERSONAL_DATA_ERASED in life.once
                if erased and dossier in keyed:
                    kind, detail = StoreDamageKind.KEY_LEFT, "the personal data can still be read"
                elif not erased and dossier not in keyed and not self._erased_since(dossier):
                    kind, detail = (
                        StoreDamageKind.KEY_MISSING,
                        "the personal data cannot be read any more",
                    )
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


def _is_id(dossier: str) -> bool:
    """Return whether this is a valid id; for an invalid one the bytes show the damage."""
    return len(dossier) == _ID_DIGITS and not dossier.strip(hexdigits)


def _read(row: StoredRow) -> Event | Damage:
    """Return the event of a row, or the damage of the row."""
    event = read_event(row.topic, row.state)
    if isinstance(event, Finding):
        return Damage(event.kind, row.position, "", row.version, event.detail)
    if (row.dossier_id, row.version) != (event.originator_id.hex, event.originator_version):
        detail = f"the bytes are of version {event.originator_version} of {event.originator_id}"
        return Damage(StoreDamageKind.WRONG_COLUMNS, row.position, event.code, row.version, detail)
    return event


class _Requests:
    """Reads the requests in parallel with the events; both are in the order of positions."""

    def __init__(self, rows: Iterator[RequestRow]) -> None:
        """Read these."""
        self._rows = rows
        self._next = next(rows, None)
        self._astray: RequestRow | None = None

    def unfulfilled(
        self, events: Sequence[tuple[int, Event]], *, up_to: int
    ) -> Sequence[tuple[int, Event]]:
        """Return the events, up to position `up_to`, that no request names."""
        requested = set(self._taken(up_to))
        stored = {
            (position, event.source, event.event_id, event.code, event.originator_version)
            for position, event in events
        }
        if requested - stored:
            self._astray = self._astray or min(requested - stored)
        positions = {key[0] for key in stored - requested}
        return [event for event in events if event[0] in positions] if positions else ()

    def first_astray(self) -> RequestRow | None:
        """Return the first request that names no stored event."""
        return self._astray or self._next

    def _taken(self, up_to: int) -> Iterator[RequestRow]:
        while self._next is not None and self._next.position <= up_to:
            yield self._next
            self._next = next(self._rows, None)
