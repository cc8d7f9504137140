"""Feeds: the sources of events for projections, either the event store or Kafka."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from tracker.domain.dossier.events.event import Event


class Record(NamedTuple):
    """An event, its position in its partition, and its stored bytes."""

    position: int
    event: Event
    state: bytes
    stored_at: int = 0
    """The position in the event store, if the feed uses other positions; otherwise 0."""

    @property
    def store_position(self) -> int:
        """Return the event's position in the event store."""
        return self.stored_at or self.position


class Feed(Protocol):
    """A source that returns every event once, in order for each dossier.

    All events of a dossier are in one partition.
    """

    def partitions(self) -> Sequence[str]:
        """Return the names of the partitions."""

    def ready(self) -> Sequence[str]:
        """Return the partitions that certainly have more events; all partitions if none has."""

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, oldest first."""

    def wait(self, seconds: float) -> None:
        """Return when there may be new events, or after `seconds` at the latest."""

    def wake(self) -> None:
        """Make the waiting reader look again at once."""


class OpenFeed(Feed, Protocol):
    """A feed on a source that has an end and can be closed."""

    def heads(self) -> Mapping[str, int]:
        """Return the last known position of each partition."""

    def close(self) -> None:
        """Close the source."""
