"""The event store as a feed. It is polled, and notified early if this process stores an event."""

from collections.abc import Mapping, Sequence
from threading import Event as Signal

from tracker.application.ports import DossierRecorder
from tracker.projections.model.feed import Record
from tracker.serialization import UnreadableEventError, decode_for_projection

PARTITION = "store"


class StoreFeed:
    """A feed with one partition: the events of the store, in the order of commits."""

    def __init__(self, store: DossierRecorder) -> None:
        """Read this store."""
        self._store = store
        self._signal = Signal()

    def partitions(self) -> Sequence[str]:
        """Return the name of the one partition."""
        return (PARTITION,)

    def ready(self) -> Sequence[str]:
        """Return the name of the one partition."""
        return (PARTITION,)

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:  # noqa: ARG002  there is only one
        """Return up to `limit` events after this position, oldest first.

        Raise `UnreadableEventError`; its text names the position.
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
        """Return the position of the newest event in each partition."""
        return {PARTITION: self.head()}

    def wake(self) -> None:
        """Make `wait` return at once."""
        self._signal.set()

    def close(self) -> None:
        """Do nothing: the store belongs to the caller."""

    def wait(self, seconds: float) -> None:
        """Return when there may be a new event, at the latest after this number of seconds."""
        self._signal.wait(seconds)
        self._signal.clear()
