"""Brings a read model up to its feed, each batch and its position in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from operator import attrgetter
from typing import NamedTuple, Protocol

from tracker.projections.model.feed import Feed, Record
from tracker.projections.model.projection import Projection
from tracker.projections.model.rows import View

BATCH = 4000
"""Many events of one dossier then make one row, and what each batch costs is shared by more."""


class Stretch(NamedTuple):
    """Events that follow one another in a partition, and the position they follow on."""

    partition: str
    after: int
    records: Sequence[Record]


class Batch(Protocol):
    """One transaction on one generation of a read model."""

    @property
    def view(self) -> View:
        """The rows it may read and write."""

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        """Move the position, first of all; `False` where it is not at `after` any more."""


class ReadModel(Protocol):
    """The tables of one generation of a projection, and how far they are."""

    def positions(self) -> Mapping[str, int]:
        """Return the last position of each partition that is in the tables."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Open a transaction; it commits when all went well, else nothing of it remains."""


class Projector:
    """Runs one projection."""

    def __init__(self, projection: Projection, feed: Feed, model: ReadModel) -> None:
        """Read from the feed, write to the model."""
        self._projection = projection
        self._feed = feed
        self._model = model
        self._positions: Mapping[str, int] | None = None

    def position(self, partition: str) -> int:
        """Return where it stands: where its last batch ends, or else what the model says."""
        if self._positions is None:
            self._positions = self._model.positions()
        return self._positions.get(partition, 0)

    def look_anew(self) -> None:
        """Ask the model again from now on."""
        self._positions = None

    def taking(self, stretches: Sequence[Stretch]) -> Callable[[], None]:
        """Stand where this batch ends from now on; give what brings the model there.

        All of it is there then, or nothing. Passed over is what follows on a position where the
        model is not any more; then, and after an error, the model is asked anew where it is. What
        is given raises whatever stopped it: a projection that cannot go on must not pretend to.
        """
        ends = {one.partition: one.records[-1].position for one in stretches}
        self._positions = {**(self._positions or self._model.positions()), **ends}

        def take() -> None:
            taken: list[Stretch] = []
            try:
                taken = self._take(stretches)
            finally:
                if len(taken) < len(stretches):
                    self.look_anew()

        return take

    def _take(self, stretches: Sequence[Stretch]) -> list[Stretch]:
        with self._model.batch() as batch:
            # Two workers that hold each other's partitions for theirs wait in one order.
            taken = [
                one
                for one in sorted(stretches, key=attrgetter("partition"))
                if batch.advance(one.partition, after=one.after, last=one.records[-1])
            ]
            if taken:
                self._projection.apply([each for one in taken for each in one.records], batch.view)
        return taken

    def run_once(self, partition: str, *, limit: int = BATCH) -> int:
        """Take the next batch and tell how many events it held; 0 when there is none."""
        self.look_anew()
        after = self.position(partition)
        records = self._feed.read(partition, after=after, limit=limit)
        if records:
            self.taking([Stretch(partition, after, records)])()
        return len(records)

    def catch_up(self, enough: Callable[[], bool] = lambda: False) -> int:
        """Take batches until nothing is left or it is `enough`; tell how many events they held."""
        total = 0
        for partition in self._feed.partitions():
            while not enough() and (taken := self.run_once(partition)):
                total += taken
        return total
