"""Compares Kafka with the event store, event by event, in constant memory.

Both are read once, in the order of the store. Kafka must have exactly the events up to the relay's
position, byte for byte. A record of an older position is compared with the store separately: an
equal record is a repeat, any other is damage. After a difference, the rest of Kafka is searched for
the event.

A check that starts after a checkpoint still reads every record of Kafka, because an old event may
be repeated anywhere. Old events in order are counted, not compared: the store must have the same
number.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

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
from tracker.application.audit.verify_store import StoredEvents, StoredRow

_ROWS_A_READ = 1000


class BothDamageKind(StrEnum):
    """A difference between Kafka and the store."""

    BEGINNING_LOST = "the oldest records are gone"
    MISSING = "an event that the relay has published and that is not in Kafka"
    SURPLUS = "an event in Kafka that is not in the store"
    CHANGED = "an event that is different in Kafka and in the store"
    SWAPPED = "an event that is in the place of another event in Kafka"
    RENUMBERED = "an event that has another number in Kafka than in the store"


class BothVerifier:
    """Compares both from a position to the end of Kafka when the check begins."""

    def __init__(self, stored: StoredEvents, published: Published, *, after: int = 0) -> None:
        """Compare the events after this position."""
        self._stored = stored
        self._published = published
        self._after = after
        self._before = 0
        self.events = 0
        self.repeats = Repeats()

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> PublishedDamage | None:
        """Return the first difference or `None`. `step` gets the number of events just compared."""
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
                break  # the relay published it after the end of this check
            if row is None or not _is_same(row, stored):
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
        """Yield the first record of each new event, and every damage before it."""
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
        """Return the damage if this record of an old position differs from the store."""
        event = event_of(row)
        if isinstance(event, PublishedDamage):
            return event
        stored = self._stored.events(after=row.position - 1, up_to=row.position, limit=1)
        if not stored:
            detail = "it has an old position that no event of the store has"
            return at_row(Finding(BothDamageKind.SURPLUS, detail), row, event.code)
        if not _is_same(row, stored[0]):
            detail = f"{_what_differs(row, stored[0])} differ from the store"
            return at_row(Finding(RepeatFault.DIFFERENT, detail), row, event.code)
        return None

    def _damage_before(self) -> PublishedDamage | None:
        """Compare all events if Kafka and the store have different numbers of old events."""
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
        """Return the first difference; all events before `stored` are equal."""
        code = _code(stored.topic, stored.state)
        if row is not None and _is_content(row, stored):
            return at_row(
                Finding(BothDamageKind.RENUMBERED, f"the store has it at {stored.position}"),
                row,
                code,
            )
        if row is not None and row.position < stored.position:
            return _surplus(row, last)
        in_place = row if row is not None and row.position == stored.position else None
        moved = next((record for record in rest if _is_content(record, stored)), None)
        kind, detail, at = (
            BothDamageKind.MISSING,
            f"the relay published up to {self._published.most}",
            in_place,
        )
        if moved and not in_place and moved.position != stored.position:
            kind, detail, at = BothDamageKind.RENUMBERED, f"Kafka has it at {moved.position}", moved
        elif moved:
            detail = f"it comes at partition {moved.partition}, offset {moved.offset}"
            kind, at = BothDamageKind.SWAPPED, in_place or moved
        elif in_place:
            kind, detail = BothDamageKind.CHANGED, _what_differs(in_place, stored)
        return PublishedDamage(kind, detail, stored.position, code, stored.version, at)


def _surplus(row: PublishedRow, last: int) -> PublishedDamage:
    finding = Finding(BothDamageKind.SURPLUS, f"event {last} of the store comes before it")
    return at_row(finding, row, _code(row.topic, row.state))


def _is_same(row: PublishedRow, stored: StoredRow) -> bool:
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
    return ", ".join(name for name, (in_kafka, in_store) in pairs.items() if in_kafka != in_store)


def _code(topic: str, state: bytes) -> str:
    event = read_event(topic, state)
    return "" if isinstance(event, Finding) else event.code
