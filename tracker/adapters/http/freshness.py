"""How fresh an answer is, and how a writer waits until its own write can be read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from anyio import current_time, sleep
from anyio.to_thread import run_sync
from fastapi import Query
from pydantic import BaseModel, Field

from tracker.adapters.http.problems import NotYetError, UnknownPositionError
from tracker.projections.feed import Record

_LOOK_AGAIN_S = 0.01
_MOST = 2**63 - 1

After = Annotated[
    int | None,
    Query(
        ge=0,
        le=_MOST,
        description="A position got from a write: the answer holds at least all up to there.",
    ),
]


class Freshness(BaseModel):
    """How fresh an answer is."""

    position: int = Field(description="The last event that is in this answer.")
    behind: int = Field(description="How many events were stored after it.")
    age_seconds: float = Field(
        description="How long ago the oldest of those was recorded; 0 where there is none."
    )


class Feed(Protocol):
    """The events in the order they were stored."""

    def partitions(self) -> Sequence[str]:
        """Name the partitions."""

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Give up to `limit` events after this position, oldest first."""

    def head(self) -> int:
        """Give the position of the newest event."""


class ReadModel(Protocol):
    """A read model that knows how far it is."""

    def position(self, partition: str) -> int:
        """Give the last position that is in it."""


@dataclass(frozen=True)
class Watched:
    """A read model and the feed it follows."""

    feed: Feed
    model: ReadModel

    def position(self) -> int:
        """Give the last position that is in the model."""
        return sum(self.model.position(partition) for partition in self.feed.partitions())

    def freshness(self, now: datetime) -> Freshness:
        """Tell how fresh the model is; asked before reading it, this never says too much."""
        position = self.position()
        behind = max(0, self.feed.head() - position)
        waiting: list[datetime] = []
        if behind:
            waiting = [
                record.event.recorded_at
                for partition in self.feed.partitions()
                for record in self.feed.read(
                    partition, after=self.model.position(partition), limit=1
                )
            ]
        age = (now - min(waiting)).total_seconds() if waiting else 0.0
        return Freshness(position=position, behind=behind, age_seconds=max(0.0, age))


class Waits:
    """A dependency of routes that read: it lets them begin once `after` is in what they read."""

    def __init__(
        self, watched: Collection[Watched], *, head: Callable[[], int], seconds: float
    ) -> None:
        """Wait for all of these read models; none where the store itself is read."""
        self._watched = watched
        self._head = head
        self._seconds = seconds

    async def __call__(self, after: After = None) -> None:
        """Return as soon as it is there.

        Raises `UnknownPositionError` for a position no event has, `NotYetError` after a while.
        """
        if not after:
            return
        if after > await run_sync(self._head):
            raise UnknownPositionError
        end = current_time() + self._seconds
        for one in self._watched:
            while await run_sync(one.position) < after:
                if current_time() > end:
                    raise NotYetError
                await sleep(_LOOK_AGAIN_S)


def of_the_store(head: int) -> Freshness:
    """Tell how fresh an answer is that was read from the store itself."""
    return Freshness(position=head, behind=0, age_seconds=0.0)
