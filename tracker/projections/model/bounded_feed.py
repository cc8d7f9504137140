"""A feed that ends where a read model ends, so that both can be compared."""

from collections.abc import Mapping, Sequence

from tracker.projections.model.feed import Feed, Record


class BoundedFeed:
    """A feed that ends at given positions."""

    def __init__(self, feed: Feed, ends: Mapping[str, int]) -> None:
        """End each partition at its position in `ends`."""
        self._feed = feed
        self._ends = ends

    def partitions(self) -> Sequence[str]:
        """Return the names of the partitions."""
        return tuple(self._ends)

    def ready(self) -> Sequence[str]:
        """Return all partitions, because it is unknown which have more events."""
        return self.partitions()

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, up to the partition's end."""
        records = self._feed.read(partition, after=after, limit=limit)
        return [record for record in records if record.position <= self._ends[partition]]

    def wait(self, seconds: float) -> None:
        """Return at once: no new events can arrive."""

    def wake(self) -> None:
        """Do nothing: no reader ever waits."""
