"""Keeps a read model up to date."""

from collections.abc import Callable

from tracker.projections.feed import Feed
from tracker.projections.projector import Projector

_LOOK_AGAIN_S = 0.1


class Follower:
    """Runs a projector on its feed."""

    def __init__(self, projector: Projector, feed: Feed) -> None:
        """Follow this feed, the one the projector reads."""
        self._projector = projector
        self._feed = feed

    def run(self, stopping: Callable[[], bool]) -> None:
        """Follow until told to stop, the batch at hand finished. Raises whatever stopped it."""
        while not stopping():
            if not self._projector.catch_up(stopping):
                self._feed.wait(_LOOK_AGAIN_S)

    def wake(self) -> None:
        """Let it look at the feed at once."""
        self._feed.wake()
