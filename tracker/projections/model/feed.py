"""Where projections get their events from: the event store, or Kafka."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from tracker.domain.dossier.events.event import Event


class Record(NamedTuple):
    """An event, its place in its partition, and the bytes it stands in."""

    position: int
    event: Event
    state: bytes
    stored_at: int = 0
    """Its position in the event store, where the feed counts in another way."""

    @property
    def store_position(self) -> int:
        """Return its position in the event store."""
        return self.stored_at or self.position


class Feed(Protocol):
    """Return every event once and in order per dossier; each dossier keeps to one partition."""

    def partitions(self) -> Sequence[str]:
        """Name the partitions."""

    def ready(self) -> Sequence[str]:
        """Name those that have more to be read for sure; all of them where none has."""

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, oldest first."""

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after so many seconds."""

    def wake(self) -> None:
        """Let whoever waits look again at once."""


class OpenFeed(Feed, Protocol):
    """A feed with a source that has an end and can be let go of."""

    def heads(self) -> Mapping[str, int]:
        """Return the position of each partition's end, as far as it is known."""

    def close(self) -> None:
        """Let go of what was read from."""
