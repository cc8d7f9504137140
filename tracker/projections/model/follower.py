"""Keep read models up to date. Each event is read once for all models at the same position."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import NamedTuple

from tracker.domain.errors import TrackerError
from tracker.projections.model.feed import Feed, Record
from tracker.projections.model.projector import BATCH, Projector, RecordRange

_POLL_S = 0.1
_POSITIONS_VALID_S = 1.0


class ProjectionStoppedError(TrackerError):
    """A projection stopped because of an error."""

    def __init__(self, name: str, cause: Exception) -> None:
        """Build the message from the name of the read model and the cause."""
        super().__init__(f"{name}: {cause}")


class _Round(NamedTuple):
    """The next batch of each projector, and the number of events that were read."""

    batches: Mapping[str, Sequence[RecordRange]]
    total: int


class Follower:
    """Run several projectors on one feed.

    Each projector has its own position and its own transactions. A projector that lags behind gets
    its own batches up to the position of the others. From there on it shares their batches.
    """

    def __init__(
        self, feed: Feed, projectors: Mapping[str, Projector], *, at_once: int = 1
    ) -> None:
        """Follow `feed` with the named projectors, of which `at_once` may write in parallel."""
        self._feed = feed
        self._projectors = projectors
        self._threads = ThreadPoolExecutor(at_once, "projector")
        self._turn = 0
        self._ahead: _Round | None = None

    def run(self, stopping: Callable[[], bool]) -> None:
        """Follow the feed until `stopping` returns true.

        The current batch is always finished. Raise `ProjectionStoppedError` if a projector fails.
        """
        valid_until = 0.0
        while not stopping():
            if monotonic() > valid_until:  # another process may have switched the tables
                for projector in self._projectors.values():
                    projector.forget_positions()
                valid_until = monotonic() + _POSITIONS_VALID_S
            if not self.run_once():
                self._feed.wait(_POLL_S)

    def wake(self) -> None:
        """Make the follower look at the feed at once."""
        self._feed.wake()

    def catch_up(self) -> int:
        """Write batches until nothing is left; return the number of events read."""
        total = 0
        while read := self.run_once():
            total += read
        return total

    def run_once(self, *, limit: int = BATCH) -> int:
        """Let each projector write its next batch; return the number of events read.

        A batch contains events of all partitions, up to `limit`. The next batch starts with the
        next partition. While a full batch is written, which is mostly the database's work, the next
        batch is read. Raise `ProjectionStoppedError` if a projector fails; the others have written
        their batches.
        """
        ahead, self._ahead = self._ahead, None
        next_round = ahead if ahead and self._is_current(ahead) else self._read_round(limit)
        writes = {
            name: self._threads.submit(self._projectors[name].prepare(batch))
            for name, batch in next_round.batches.items()
            if batch
        }
        try:
            if next_round.total >= limit:
                self._ahead = self._read_round(limit)
        finally:
            _finish(writes)
        return next_round.total

    def _is_current(self, next_round: _Round) -> bool:
        """Return whether each projector is still at the position for which this was read."""
        return all(
            part.after == self._projectors[name].position(part.partition)
            for name, batch in next_round.batches.items()
            for part in batch
        )

    def _read_round(self, limit: int) -> _Round:
        partitions = self._feed.ready()
        begin = self._turn % len(partitions) if partitions else 0
        self._turn += 1
        total = 0
        batches: dict[str, list[RecordRange]] = {name: [] for name in self._projectors}
        for partition in (*partitions[begin:], *partitions[:begin]):
            total += self._read(partition, limit - total, batches)
            if total >= limit:
                break
        return _Round(batches, total)

    def _read(self, partition: str, limit: int, batches: dict[str, list[RecordRange]]) -> int:
        """Add each projector's records of this partition; return the number of events read."""
        names_at: dict[int, list[str]] = {}
        for name, projector in self._projectors.items():
            names_at.setdefault(projector.position(partition), []).append(name)
        positions, total = sorted(names_at), 0
        read: dict[int, Sequence[Record]] = {}
        for position, following in zip(positions, [*positions[1:], None], strict=True):
            records = self._feed.read(partition, after=position, limit=limit)
            if following is not None:
                records = [record for record in records if record.position <= following]
            read[position] = records
            total += len(records)
        for position in reversed(positions):
            if records := read[position]:
                # A range that reaches the next position continues with the records there.
                records = read[position] = [*records, *read.get(records[-1].position, ())]
                for name in names_at[position]:
                    batches[name].append(RecordRange(partition, position, records))
        return total


def _finish(writes: Mapping[str, Future[None]]) -> None:
    errors = {name: future.exception() for name, future in writes.items()}
    for name, error in errors.items():
        if isinstance(error, Exception):
            raise ProjectionStoppedError(name, error) from error
