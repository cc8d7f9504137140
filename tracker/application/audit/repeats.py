"""Distinguishes repeated records in Kafka from damage.

A producer whose session ended may have written a batch twice. Readers skip such a repeat, so it
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
    """A fault of a record of an old position that is not a repeat."""

    DIFFERENT = "an event written once more, with other content"
    OUT_OF_ORDER = "an event that is out of order"


class Repeats:
    """Counts the repeated records and keeps the place of the first."""

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
            f" {self._first.position}). Readers skip them; 'tracker topics rewrite' writes a"
            " topic without them."
        )


class _Suspect(NamedTuple):
    row: PublishedRow
    code: str


class Suspects:
    """Records of old positions that are not yet compared with the first record of their position.

    To bound memory, call `settle` before adding more when `is_full`.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[int, dict[bytes, _Suspect]] = {}

    @property
    def is_full(self) -> bool:
        """Return whether `settle` must be called now."""
        return len(self._waiting) >= _MOST_WAITING

    def add(self, row: PublishedRow, code: str) -> None:
        """Keep a record for the comparison."""
        same = self._waiting.setdefault(row.position, {})
        same.setdefault(_digest(row), _Suspect(row._replace(state=b""), code))

    def settle(self, rows: Iterator[PublishedRow]) -> Iterator[PublishedDamage]:
        """Yield every suspect that differs from the first record of its position in `rows`."""
        newest = 0
        while self._waiting and (row := next(rows, None)) is not None:
            if row.position <= newest:
                continue
            newest = row.position
            suspects = self._waiting.pop(newest, {})
            suspects.pop(_digest(row) if suspects else b"", None)
            for suspect in suspects.values():
                detail = (
                    f"the first record is at partition {row.partition}, offset {row.offset}, with"
                    f" the hash {row.leaf_hash[:16]}; this one has {suspect.row.leaf_hash[:16]}"
                )
                yield at_row(Finding(RepeatFault.DIFFERENT, detail), suspect.row, suspect.code)
        for waiting in self._waiting.values():
            for suspect in waiting.values():
                finding = Finding(RepeatFault.OUT_OF_ORDER, "a later event comes before it")
                yield at_row(finding, suspect.row, suspect.code)
        self._waiting.clear()


def _digest(row: PublishedRow) -> bytes:
    """Return a digest of the record without its partition and offset."""
    return hashlib.sha256(repr(row[2:]).encode()).digest()
