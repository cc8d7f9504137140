"""Reads the store for the relay, and reads the next batch while Kafka writes the last."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay_position import Notifications


@dataclass(frozen=True)
class StoreBatch:
    """Consecutive events of the store as Kafka records, and the position of the last event."""

    records: Sequence[Outgoing]
    position: int


class ReadAhead:
    """Reads the store's events after a position in batches, each event once.

    The next batch is read in advance only after a full batch. Otherwise the store is read on
    request, so that the newest events are included.
    """

    def __init__(self, store: Notifications, topic: str, *, after: int, limit: int) -> None:
        """Make records for this topic, at most `limit` in a batch."""
        self._store = store
        self._topic = topic
        self._position = after
        self._limit = limit
        self._thread = ThreadPoolExecutor(1, "reading-ahead")
        self._next_batch: Future[StoreBatch | None] | None = None
        self.is_behind = False
        """Whether the last batch was full, so that more events may wait."""

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for a read that is under way and discard its batch."""
        self._thread.shutdown()

    def next(self) -> StoreBatch | None:
        """Return the next batch, or `None` if there are no events yet. Raise the store's errors."""
        future, self._next_batch = self._next_batch, None
        batch = future.result() if future else self._read(self._position)
        self._position = batch.position if batch else self._position
        self.is_behind = batch is not None and len(batch.records) == self._limit
        return batch

    def read_on(self) -> None:
        """Read the next batch in the background if the last one was full."""
        if self.is_behind:
            self._next_batch = self._thread.submit(self._read, self._position)

    def _read(self, after: int) -> StoreBatch | None:
        events = self._store.select_notifications(after, self._limit, inclusive_of_start=False)
        if not events:
            return None
        return StoreBatch([outgoing(self._topic, event) for event in events], events[-1].id)
