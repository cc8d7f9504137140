"""Checks a whole event store against the domain's rules, and names what is wrong first.

It trusts neither the database's guards nor the code that wrote: each row is read raw. A few hundred
bytes of memory a dossier are needed.
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
"""A position before any there can be, those that only meddling could give included."""


class StoreDamageKind(StrEnum):
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


class StoredRow(NamedTuple):
    """One row of the table of events, as it is; `dossier_id` is hexadecimal, if it is an id."""

    position: int
    dossier_id: str
    version: int
    topic: str
    state: bytes


class RequestRow(NamedTuple):
    """One row of the table of requests, and the place it names."""

    position: int
    source: str
    event_id: str
    code: str
    version: int


class StoreScan(Protocol):
    """The tables of an event store, as they are."""

    @property
    def leaves_no_gaps(self) -> bool:
        """Return whether the store numbers its events 1, 2, 3 ..."""

    def head(self) -> int:
        """Return the position of the newest event."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return rows of events, oldest first."""

    def requests(self, *, after: int, up_to: int) -> Iterator[RequestRow]:
        """Return every request after one position and up to another, in the order of positions.

        Those after `up_to` come too where there is no event.
        """

    def of(self, dossier_ids: Sequence[UUID], *, up_to: int) -> Iterator[list[StoredRow]]:
        """Return the events of each of these dossiers up to a position, in the order of versions."""

    def requested(self, keys: Sequence[RequestKey]) -> set[RequestKey]:
        """Return those of these requests that are there."""

    def keyed(self, dossier_ids: Sequence[UUID]) -> set[UUID]:
        """Return those of these dossiers that have a key."""


class StoreVerifier:
    """Reads a store to the newest event there is when it begins.

    It reads from the first event, or from after a position; of what came before it then reads only
    the dossiers that go on.
    """

    def __init__(self, scan: StoreScan, *, after: int = 0) -> None:
        """Check what this scan gives after a position."""
        self._scan = scan
        self._after = after
        self._lives = LifecycleJudge()
        self.head = scan.head()
        self.events = 0
        self.before = 0
        """The number of events read that came before."""

    @property
    def dossiers(self) -> int:
        """The number of dossiers seen so far."""
        return len(self._lives)

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> Damage | None:
        """Return what is wrong first, `None` where all is well; `step` is told how far it is.

        Keys are not looked at: `wrong_keys` names all of those that are lost or left.
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
        """Live what these dossiers went through before, where that was not done yet."""
        ids = [UUID(one) for one in dossiers if one not in self._lives and _is_id(one)]
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
        """Name those of these events, which no request led to, that none was meant to lead to."""
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
        """Return every key that is lost or left, after all events were read, oldest first."""
        return sorted(self._in_keys(), key=lambda found: found.position)

    def _in_keys(self) -> Iterator[Damage]:
        lives = self._lives.items()
        while part := dict(islice(lives, _KEYS_A_READ)):
            keyed = {one.hex for one in self._scan.keyed([UUID(one) for one in part])}
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
    """Return whether it can be one; what is none is found by its bytes."""
    return len(dossier) == _ID_DIGITS and not dossier.strip(hexdigits)


def _read(row: StoredRow) -> Event | Damage:
    """Return the event of a row, or what of the row alone is wrong."""
    event = read_event(row.topic, row.state)
    if isinstance(event, Finding):
        return Damage(event.kind, row.position, "", row.version, event.detail)
    if (row.dossier_id, row.version) != (event.originator_id.hex, event.originator_version):
        detail = f"the bytes are of version {event.originator_version} of {event.originator_id}"
        return Damage(StoreDamageKind.WRONG_COLUMNS, row.position, event.code, row.version, detail)
    return event


class _Requests:
    """Goes through the requests beside the events; both come in the order of positions."""

    def __init__(self, rows: Iterator[RequestRow]) -> None:
        """Read these."""
        self._rows = rows
        self._next = next(rows, None)
        self._astray: RequestRow | None = None

    def unfulfilled(
        self, events: Sequence[tuple[int, Event]], *, up_to: int
    ) -> Sequence[tuple[int, Event]]:
        """Return those of the next events, the last being at `up_to`, to which no request led."""
        asked = set(self._taken(up_to))
        led = {
            (position, event.source, event.event_id, event.code, event.originator_version)
            for position, event in events
        }
        if asked - led:
            self._astray = self._astray or min(asked - led)
        positions = {key[0] for key in led - asked}
        return [one for one in events if one[0] in positions] if positions else ()

    def first_astray(self) -> RequestRow | None:
        """Return the first request whose event was not among all those there are."""
        return self._astray or self._next

    def _taken(self, up_to: int) -> Iterator[RequestRow]:
        while self._next is not None and self._next.position <= up_to:
            yield self._next
            self._next = next(self._rows, None)
