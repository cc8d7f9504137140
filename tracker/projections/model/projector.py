"""Update a read model from its feed. Each batch and its position share one transaction."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import NamedTuple, Protocol

from tracker.projections.model.feed import Feed, Record
from tracker.projections.model.projection import Projection
from tracker.projections.model.rows import View

BATCH = 4000
"""The most events in a batch.

A large batch writes one row for many events of a dossier, and shares one transaction's cost.
"""


class RecordRange(NamedTuple):
    """Consecutive records of a partition, and the position before them."""

    partition: str
    after: int
    records: Sequence[Record]


class Batch(Protocol):
    """One transaction on one generation of a read model."""

    @property
    def view(self) -> View:
        """The rows that the transaction may read and write."""

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        """Move the position before any other write; return `False` if it is not at `after`."""


class ReadModel(Protocol):
    """The tables of one generation of a projection, and their positions."""

    def positions(self) -> Mapping[str, int]:
        """Return the last position of each partition that the tables contain."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Open a transaction. It commits without an error and rolls back with one."""


class Projector:
    """Run one projection."""

    def __init__(self, projection: Projection, feed: Feed, model: ReadModel) -> None:
        """Read from `feed` and write to `model`."""
        self._projection = projection
        self._feed = feed
        self._model = model
        self._positions: Mapping[str, int] | None = None

    def position(self, partition: str) -> int:
        """Return the position after the last prepared batch, or the model's own position."""
        if self._positions is None:
            self._positions = self._model.positions()
        return self._positions.get(partition, 0)

    def forget_positions(self) -> None:
        """Forget the positions, so that the next call reads them from the model."""
        self._positions = None

    def prepare(self, ranges: Sequence[RecordRange]) -> Callable[[], None]:
        """Advance the positions past this batch; return a function that writes the batch.

        The function writes the whole batch in one transaction. It skips a range if the model is no
        longer at the position before the range. After a skip or an error the positions are
        forgotten. The function raises every error, because a projection must not hide that it
        cannot continue.
        """
        ends = {part.partition: part.records[-1].position for part in ranges}
        self._positions = {**(self._positions or self._model.positions()), **ends}

        def write() -> None:
            written: list[RecordRange] = []
            try:
                written = self._write(ranges)
            finally:
                if len(written) < len(ranges):
                    self.forget_positions()

        return write

    def _write(self, ranges: Sequence[RecordRange]) -> list[RecordRange]:
        with self._model.batch() as batch:
            # All workers lock the partitions in the same order, so they cannot deadlock.
            written = [
                part
                for part in sorted(ranges, key=attrgetter("partition"))
                if batch.advance(part.partition, after=part.after, last=part.records[-1])
            ]
            if written:
                records = [record for part in written for record in part.records]
                self._projection.apply(records, batch.view)
        return written

    def run_once(self, partition: str, *, limit: int = BATCH) -> int:
        """Write the next batch and return its number of events; 0 if there is none."""
        self.forget_positions()
        after = self.position(partition)
        records = self._feed.read(partition, after=after, limit=limit)
        if records:
            self.prepare([RecordRange(partition, after, records)])()
        return len(records)

    def catch_up(self, enough: Callable[[], bool] = lambda: False) -> int:
        """Write batches until nothing is left or `enough` is true; return the number of events."""
        total = 0
        for partition in self._feed.partitions():
            while not enough() and (written := self.run_once(partition)):
                total += written
        return total
