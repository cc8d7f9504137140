"""Tells a repeat from damage: a record that stands in Kafka once more, with the very same content.

A producer whose session died may leave a batch there twice. Readers pass over such a record, so it
does no harm. A record of an old position with other content is damage.
"""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tracker.application.audit.published_records import PublishedDamage, PublishedRow, at_row
from tracker.application.audit.verify_lifecycles import Finding

_MOST_WAITING = 100_000


class RepeatFault(StrEnum):
    """What a record of an old position can be but a repeat."""

    DIFFERENT = "an event written once more, with other content"
    OUT_OF_ORDER = "an event that is out of order"


class Repeats:
    """The number of repeats, and where the first of them is."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self._first: PublishedRow | None = None

    def add(self, row: PublishedRow) -> None:
        """Count a record."""
        self.count += 1
        self._first = self._first or row._replace(state=b"")

    def __str__(self) -> str:
        """Return a sentence for an operator."""
        if self._first is None:
            return "No record is repeated."
        place = f"partition {self._first.partition}, offset {self._first.offset}"
        return (
            f"{self.count} records repeat earlier ones byte for byte, the first at {place} (event"
            f" {self._first.position}). Readers pass over them; 'tracker topics rewrite' writes a"
            " topic without them."
        )


class _Suspect(NamedTuple):
    row: PublishedRow
    code: str


class Suspects:
    """Records of old positions, until they have been compared with the first of that position.

    Memory is bounded: when `is_full`, settle before adding more.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[int, dict[bytes, _Suspect]] = {}

    @property
    def is_full(self) -> bool:
        """Return whether the next pass over the topic is due."""
        return len(self._waiting) >= _MOST_WAITING

    def add(self, row: PublishedRow, code: str) -> None:
        """Remember a record."""
        same = self._waiting.setdefault(row.position, {})
        same.setdefault(_digest(row), _Suspect(row._replace(state=b""), code))

    def settle(self, rows: Iterator[PublishedRow]) -> Iterator[PublishedDamage]:
        """Compare the suspects with the first records of their positions, among these rows."""
        newest = 0
        while self._waiting and (row := next(rows, None)) is not None:
            if row.position <= newest:
                continue
            newest = row.position
            suspects = self._waiting.pop(newest, {})
            suspects.pop(_digest(row) if suspects else b"", None)
            for one in suspects.values():
                detail = (
                    f"the first record is at partition {row.partition}, offset {row.offset}, with"
                    f" the hash {row.leaf_hash[:16]}; this one has {one.row.leaf_hash[:16]}"
                )
                yield at_row(Finding(RepeatFault.DIFFERENT, detail), one.row, one.code)
        for left in self._waiting.values():
            for one in left.values():
                finding = Finding(RepeatFault.OUT_OF_ORDER, "a later event stands before it")
                yield at_row(finding, one.row, one.code)
        self._waiting.clear()


def _digest(row: PublishedRow) -> bytes:
    """Return a digest of all but the place."""
    return hashlib.sha256(repr(row[2:]).encode()).digest()
