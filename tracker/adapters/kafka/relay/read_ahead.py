"""The store as the relay reads it: where much waits, the next events while Kafka takes the last."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay_position import Notifications


@dataclass(frozen=True)
class StoreBatch:
    """Events that follow one another in the store, as records, and the position of the last."""

    records: Sequence[Outgoing]
    position: int


class ReadAhead:
    """Return the store's events from a position on, lot by lot, each once.

    Only after a full lot is the next one read before anybody wants it. After any other the store is
    asked when somebody wants more, so that what has just been stored is found at once.
    """

    def __init__(self, store: Notifications, topic: str, *, after: int, limit: int) -> None:
        """Make records for this topic, so many a lot at most."""
        self._store = store
        self._topic = topic
        self._position = after
        self._limit = limit
        self._thread = ThreadPoolExecutor(1, "reading-ahead")
        self._coming: Future[StoreBatch | None] | None = None
        self.is_behind = False
        """Whether the last lot was full, so that more may wait."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; a lot that is being read is waited for and thrown away."""
        self._thread.shutdown()

    def next(self) -> StoreBatch | None:
        """Return the next lot, `None` where there is nothing yet. Raise the store's errors."""
        coming, self._coming = self._coming, None
        lot = coming.result() if coming else self._read(self._position)
        self._position = lot.position if lot else self._position
        self.is_behind = lot is not None and len(lot.records) == self._limit
        return lot

    def read_on(self) -> None:
        """Read the next lot in the background, where the last one was full."""
        if self.is_behind:
            self._coming = self._thread.submit(self._read, self._position)

    def _read(self, after: int) -> StoreBatch | None:
        events = self._store.select_notifications(after, self._limit, inclusive_of_start=False)
        if not events:
            return None
        return StoreBatch([outgoing(self._topic, event) for event in events], events[-1].id)
