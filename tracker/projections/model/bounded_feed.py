"""Reads a feed only as far as a read model has come, so that both can be compared."""

from collections.abc import Mapping, Sequence

from tracker.projections.model.feed import Feed, Record


class FeedUpTo:
    """A feed that ends at given positions."""

    def __init__(self, feed: Feed, ends: Mapping[str, int]) -> None:
        """End each partition at its position in `ends`."""
        self._feed = feed
        self._ends = ends

    def partitions(self) -> Sequence[str]:
        """Name the partitions."""
        return tuple(self._ends)

    def ready(self) -> Sequence[str]:
        """Name the partitions: which have more is not known."""
        return self.partitions()

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position and not past the end."""
        records = self._feed.read(partition, after=after, limit=limit)
        return [record for record in records if record.position <= self._ends[partition]]

    def wait(self, seconds: float) -> None:
        """Return at once: nothing will come."""

    def wake(self) -> None:
        """Do nothing: nobody waits."""
