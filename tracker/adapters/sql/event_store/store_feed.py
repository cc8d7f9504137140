"""The event store as a feed: polled, and woken early when this process has stored something."""

from collections.abc import Mapping, Sequence
from threading import Event as Signal

from tracker.application.ports import DossierRecorder
from tracker.projections.model.feed import Record
from tracker.serialization import UnreadableEventError, decode_for_projection

PARTITION = "store"


class StoreFeed:
    """Return the store's events in the order they were committed."""

    def __init__(self, store: DossierRecorder) -> None:
        """Read this store."""
        self._store = store
        self._signal = Signal()

    def partitions(self) -> Sequence[str]:
        """Name the one partition."""
        return (PARTITION,)

    def ready(self) -> Sequence[str]:
        """Name the one partition."""
        return (PARTITION,)

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:  # noqa: ARG002  there is one
        """Return up to `limit` events after this position, oldest first.

        Raise `UnreadableEventError`, with the position.
        """
        position, records = after, list[Record]()
        try:
            for position, topic, state in self._store.select_states(after, limit):
                records.append(Record(position, decode_for_projection(topic, state), state))
        except UnreadableEventError as error:
            message = f"Position {position}: {error}"
            raise UnreadableEventError(message) from error
        return records

    def head(self) -> int:
        """Return the position of the newest event, 0 where there is none."""
        return self._store.max_notification_id() or 0

    def heads(self) -> Mapping[str, int]:
        """Return the position of the newest event by partition."""
        return {PARTITION: self.head()}

    def wake(self) -> None:
        """Let whoever waits look again at once."""
        self._signal.set()

    def close(self) -> None:
        """Leave the store open: it is not ours."""

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after so many seconds."""
        self._signal.wait(seconds)
        self._signal.clear()
