"""Keeps read models up to date: each event is read once for all that stand at the same place."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from tracker.domain.errors import TrackerError
from tracker.projections.model.feed import Feed, Record
from tracker.projections.model.projector import BATCH, Projector, Stretch

_LOOK_AGAIN_S = 0.1
_TRUSTED_S = 1.0


class CannotGoOnError(TrackerError):
    """A read model cannot go on."""

    def __init__(self, name: str, cause: Exception) -> None:
        """Name the read model, and what stopped it."""
        super().__init__(f"{name}: {cause}")


class _Lot(NamedTuple):
    """What each is to take next, and how many events were read for it."""

    batches: Mapping[str, Sequence[Stretch]]
    total: int


class Follower:
    """Runs projectors on the feed that all of them read.

    Each has a position and transactions of its own: one that lags behind takes batches of its own
    beside the others, up to the place where they stand, and goes on with them from there.
    """

    def __init__(
        self, feed: Feed, projectors: Mapping[str, Projector], *, at_once: int = 1
    ) -> None:
        """Follow this feed, so many of the projectors, known by name, writing at the same time."""
        self._feed = feed
        self._projectors = projectors
        self._threads = ThreadPoolExecutor(at_once, "projector")
        self._turn = 0
        self._ahead: _Lot | None = None

    def run(self, stopping: Callable[[], bool]) -> None:
        """Follow until told to stop, the batch at hand finished. Raise whatever stopped it."""
        trusted_until = 0.0
        while not stopping():
            if monotonic() > trusted_until:  # somebody may have put other tables in use
                for projector in self._projectors.values():
                    projector.look_anew()
                trusted_until = monotonic() + _TRUSTED_S
            if not self.run_once():
                self._feed.wait(_LOOK_AGAIN_S)

    def wake(self) -> None:
        """Let it look at the feed at once."""
        self._feed.wake()

    def catch_up(self) -> int:
        """Take batches until nothing is left; tell how many events were read."""
        total = 0
        while taken := self.run_once():
            total += taken
        return total

    def run_once(self, *, limit: int = BATCH) -> int:
        """Let each take its next batch and tell how many events were read; 0 where none is left.

        A batch is of all partitions together, as far as the limit allows; the next one begins with
        the partition after. While a full one is written, which is mostly the database's work, the
        next is read. Raise `CannotGoOnError` where one cannot go on; the others have taken theirs.
        """
        ahead, self._ahead = self._ahead, None
        lot = ahead if ahead and self._follows_on(ahead) else self._read_lot(limit)
        taking = {
            name: self._threads.submit(self._projectors[name].taking(batch))
            for name, batch in lot.batches.items()
            if batch
        }
        try:
            if lot.total >= limit:
                self._ahead = self._read_lot(limit)
        finally:
            _finish(taking)
        return lot.total

    def _follows_on(self, lot: _Lot) -> bool:
        """Return whether each is still where it was expected to be when this was read."""
        return all(
            one.after == self._projectors[name].position(one.partition)
            for name, batch in lot.batches.items()
            for one in batch
        )

    def _read_lot(self, limit: int) -> _Lot:
        partitions = self._feed.ready()
        begin = self._turn % len(partitions) if partitions else 0
        self._turn += 1
        total = 0
        batches: dict[str, list[Stretch]] = {name: [] for name in self._projectors}
        for partition in (*partitions[begin:], *partitions[:begin]):
            total += self._read(partition, limit - total, batches)
            if total >= limit:
                break
        return _Lot(batches, total)

    def _read(self, partition: str, limit: int, batches: dict[str, list[Stretch]]) -> int:
        """Add what each is to take of this partition; tell how many events were read."""
        standing: dict[int, list[str]] = {}
        for name, projector in self._projectors.items():
            standing.setdefault(projector.position(partition), []).append(name)
        places, total = sorted(standing), 0
        read: dict[int, Sequence[Record]] = {}
        for place, ahead in zip(places, [*places[1:], None], strict=True):
            records = self._feed.read(partition, after=place, limit=limit)
            if ahead is not None:
                records = [one for one in records if one.position <= ahead]
            read[place] = records
            total += len(records)
        for place in reversed(places):
            if records := read[place]:  # who comes to where others stand goes on with them
                records = read[place] = [*records, *read.get(records[-1].position, ())]
                for name in standing[place]:
                    batches[name].append(Stretch(partition, place, records))
        return total


def _finish(taking: Mapping[str, Future[None]]) -> None:
    errors = {name: future.exception() for name, future in taking.items()}
    for name, error in errors.items():
        if isinstance(error, Exception):
            raise CannotGoOnError(name, error) from error
