"""How fresh an answer is, and how a writer waits until its own write can be read."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from tracker.adapters.http.schema.problems import NotYetError, UnknownPositionError
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Record

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
        """Return up to `limit` events after this position, oldest first."""

    def head(self) -> int:
        """Return the position of the newest event."""


class ReadModel(Protocol):
    """A read model that knows how far it is."""

    def store_position(self) -> int:
        """Return the position in the event store of the newest event that is in it."""

    def version_of(self, dossier_id: UUID) -> int:
        """Return the version of a dossier that is in it; 0 where nothing is."""


@dataclass(frozen=True)
class Watched:
    """A read model and the event store that is its source.

    `in_order`: it takes the events in the very order of the store. With Kafka between it may hold
    an event and still lack an earlier one of another dossier.
    """

    feed: Feed
    model: ReadModel
    in_order: bool

    def position(self) -> int:
        """Return the position of the newest event that is in the model."""
        return self.model.store_position()

    def holds(self, position: int) -> bool:
        """Return whether this event is in the model, and all of its dossier before it."""
        if self.position() < position:
            return False
        if self.in_order:
            return True
        return all(
            self.model.version_of(event.originator_id) >= event.originator_version
            for event in self._next_after(position - 1)
        )

    def _next_after(self, position: int) -> list[Event]:
        return [
            record.event
            for partition in self.feed.partitions()
            for record in self.feed.read(partition, after=position, limit=1)
        ]

    def freshness(self, now: datetime) -> Freshness:
        """Return how fresh the model is; asked before reading it, this never says too much."""
        return self.freshness_at(self.position(), now)

    def freshness_at(self, position: int, now: datetime, *, head: int | None = None) -> Freshness:
        """Return how fresh is what was read when the model was at this position.

        `head`: the position of the newest event then, where it is known.
        """
        behind = max(0, (self.feed.head() if head is None else head) - position)
        waiting: list[datetime] = []
        if behind:
            waiting = [event.recorded_at for event in self._next_after(position)]
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

        Raise `UnknownPositionError` for a position no event has, `NotYetError` after a while.
        """
        if not after:
            return
        if after > await run_in_threadpool(self._head):
            raise UnknownPositionError
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        for one in self._watched:
            while not await run_in_threadpool(one.holds, after):
                if loop.time() > end:
                    raise NotYetError
                await asyncio.sleep(_LOOK_AGAIN_S)


def of_the_store(head: int) -> Freshness:
    """Return how fresh an answer is that was read from the store itself."""
    return Freshness(position=head, behind=0, age_seconds=0.0)
