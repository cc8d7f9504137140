"""Holds Kafka against the event store, event by event, in constant memory.

Both are read in the order of the store, so one pass beside the other is enough: each event up to
where the relay is must be in Kafka, byte for byte, and nothing else. A record of an older position
is held against the store by itself: an equal one is a repeat, any other is damage. Only where
something is wrong the rest of Kafka is read once more, for what became of that event.

Since a checkpoint: every record of Kafka is still read, since an old event may be written again
anywhere. Old events in order are counted and not compared; the store must have as many.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol

from tracker.application.audit.published_records import (
    Published,
    PublishedDamage,
    PublishedRow,
    RecordFault,
    at_row,
    event_of,
)
from tracker.application.audit.repeats import RepeatFault, Repeats
from tracker.application.audit.verify_lifecycles import Finding, read_event
from tracker.application.audit.verify_store import StoredRow

_ROWS_A_READ = 1000


class BothDamageKind(StrEnum):
    """How Kafka and the store can differ."""

    BEGINNING_LOST = "the oldest records are gone"
    MISSING = "an event that the relay has passed and that is not in Kafka"
    SURPLUS = "an event in Kafka that is not in the store"
    CHANGED = "an event that is another in Kafka than in the store"
    SWAPPED = "an event that stands in another's place in Kafka"
    RENUMBERED = "an event that bears another number in Kafka than in the store"


class Stored(Protocol):
    """The rows of the store."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return rows of events, oldest first."""

    def count(self, *, up_to: int) -> int:
        """Return the number of events up to this position."""


class BothVerifier:
    """Reads both from after a position to the end of what was published when it begins."""

    def __init__(self, stored: Stored, published: Published, *, after: int = 0) -> None:
        """Compare these, from the event after this position on."""
        self._stored = stored
        self._published = published
        self._after = after
        self._before = 0
        self.events = 0
        self.repeats = Repeats()

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> PublishedDamage | None:
        """Return what differs first, `None` where all is well; `step` is told how far it is."""
        for partition, begin in self._published.begins.items():
            if begin:
                detail = f"partition {partition} begins at offset {begin}"
                return PublishedDamage(BothDamageKind.BEGINNING_LOST, detail)
        rows, last = self._published.rows(), self._after
        firsts = self._firsts(rows)
        row = next(firsts, None)
        for stored in self._in_store(step):
            if isinstance(row, PublishedDamage):
                return row
            if row is None and stored.position > self._published.least:
                break  # the relay brought it meanwhile, after the end that we look at
            if row is None or not _is(row, stored):
                return self._difference(stored, row, rows, last)
            event = event_of(row)
            if isinstance(event, PublishedDamage):
                return event
            self.events += 1
            last, row = stored.position, next(firsts, None)
        if isinstance(row, PublishedDamage):
            return row
        return _surplus(row, last) if row else self._damage_before()

    def _firsts(self, rows: Iterator[PublishedRow]) -> Iterator[PublishedRow | PublishedDamage]:
        """Yield the first record of each new event, and whatever is damage before it."""
        last = 0
        for row in rows:
            if row.unreadable:
                yield PublishedDamage(RecordFault.NOT_OURS, row.unreadable, row=row)
            elif row.position <= last:
                damage = self._unequal_repeat(row)
                if damage:
                    yield damage
                self.repeats.add(row)
            else:
                last = row.position
                if last > self._after:
                    yield row
                else:
                    self._before += 1

    def _unequal_repeat(self, row: PublishedRow) -> PublishedDamage | None:
        """Return the damage where this record of an old position is not what the store has."""
        event = event_of(row)
        if isinstance(event, PublishedDamage):
            return event
        stored = self._stored.events(after=row.position - 1, up_to=row.position, limit=1)
        if not stored:
            detail = "it has an old position that no event of the store has"
            return at_row(Finding(BothDamageKind.SURPLUS, detail), row, event.code)
        if not _is(row, stored[0]):
            detail = f"{_what_differs(row, stored[0])} differ from the store"
            return at_row(Finding(RepeatFault.DIFFERENT, detail), row, event.code)
        return None

    def _damage_before(self) -> PublishedDamage | None:
        """Compare all where Kafka does not have as many old events as the store."""
        least, most = self._published.least, self._published.most
        fewest = self._stored.count(up_to=min(self._after, least))
        if fewest <= self._before <= self._stored.count(up_to=min(self._after, most)):
            return None
        return BothVerifier(self._stored, self._published).first_damage()

    def _in_store(self, step: Callable[[int], None]) -> Iterator[StoredRow]:
        after = self._after
        while rows := self._stored.events(
            after=after, up_to=self._published.most, limit=_ROWS_A_READ
        ):
            yield from rows
            after = rows[-1].position
            step(len(rows))

    def _difference(
        self,
        stored: StoredRow,
        row: PublishedRow | None,
        rest: Iterator[PublishedRow],
        last: int,
    ) -> PublishedDamage:
        """Say how they differ where they do for the first time; what came before is equal."""
        code = _code(stored.topic, stored.state)
        if row is not None and _is_content(row, stored):
            return at_row(
                Finding(BothDamageKind.RENUMBERED, f"it is {stored.position} there"), row, code
            )
        if row is not None and row.position < stored.position:
            return _surplus(row, last)
        in_place = row if row is not None and row.position == stored.position else None
        found = next((one for one in rest if _is_content(one, stored)), None)
        kind, detail, at = (
            BothDamageKind.MISSING,
            f"it published up to {self._published.most}",
            in_place,
        )
        if found and not in_place and found.position != stored.position:
            kind, detail, at = BothDamageKind.RENUMBERED, f"it bears {found.position}", found
        elif found:
            detail = f"it comes at partition {found.partition}, offset {found.offset}"
            kind, at = BothDamageKind.SWAPPED, in_place or found
        elif in_place:
            kind, detail = BothDamageKind.CHANGED, _what_differs(in_place, stored)
        return PublishedDamage(kind, detail, stored.position, code, stored.version, at)


def _surplus(row: PublishedRow, last: int) -> PublishedDamage:
    found = Finding(BothDamageKind.SURPLUS, f"event {last} of the store stands before it")
    return at_row(found, row, _code(row.topic, row.state))


def _is(row: PublishedRow, stored: StoredRow) -> bool:
    return row.position == stored.position and _is_content(row, stored)


def _is_content(row: PublishedRow, stored: StoredRow) -> bool:
    return (
        row.state == stored.state
        and row.topic == stored.topic
        and row.dossier_id == stored.dossier_id
        and row.version == stored.version
    )


def _what_differs(row: PublishedRow, stored: StoredRow) -> str:
    pairs = {
        "the key": (row.dossier_id, stored.dossier_id),
        "the version": (row.version, stored.version),
        "the stored name": (row.topic, stored.topic),
        "the bytes": (row.state, stored.state),
    }
    return ", ".join(name for name, (one, other) in pairs.items() if one != other)


def _code(topic: str, state: bytes) -> str:
    event = read_event(topic, state)
    return "" if isinstance(event, Finding) else event.code
