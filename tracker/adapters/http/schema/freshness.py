"""Measure how fresh an answer is, and let a reader wait for its own write."""

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

_POLL_S = 0.01
_MAX_POSITION = 2**63 - 1

After = Annotated[
    int | None,
    Query(
        ge=0,
        le=_MAX_POSITION,
        description="A position that a write returned. The answer contains all events up to it.",
    ),
]


class Freshness(BaseModel):
    """How fresh an answer is."""

    position: int = Field(description="The position of the last event in this answer.")
    behind: int = Field(description="The number of events stored after it.")
    age_seconds: float = Field(
        description="The age of the oldest of these events, in seconds; 0 if there is none."
    )


class Feed(Protocol):
    """The stored events in order."""

    def partitions(self) -> Sequence[str]:
        """Return the names of the partitions."""

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, oldest first."""

    def head(self) -> int:
        """Return the position of the newest event."""


class ReadModel(Protocol):
    """A read model that knows its position."""

    def store_position(self) -> int:
        """Return the position in the event store of the newest event in the model."""

    def version_of(self, dossier_id: UUID) -> int:
        """Return the version of a dossier in the model, or 0 if the model has no such dossier."""


@dataclass(frozen=True)
class Watched:
    """A read model and the event store that is its source.

    `in_order` means that the model processes events in the order of the store. With Kafka between
    them, the model may have an event and lack an earlier event of another dossier.
    """

    feed: Feed
    model: ReadModel
    in_order: bool

    def position(self) -> int:
        """Return the position of the newest event in the model."""
        return self.model.store_position()

    def holds(self, position: int) -> bool:
        """Return whether the model has this event and all earlier events of its dossier."""
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
        """Return how fresh the model is. Call this before the model is read.

        An answer is then at least as fresh as this states.
        """
        return self.freshness_at(self.position(), now)

    def freshness_at(self, position: int, now: datetime, *, head: int | None = None) -> Freshness:
        """Return how fresh data is that was read when the model was at this position.

        `head` is the position of the newest event at that time, if known.
        """
        behind = max(0, (self.feed.head() if head is None else head) - position)
        waiting: list[datetime] = []
        if behind:
            waiting = [event.recorded_at for event in self._next_after(position)]
        age = (now - min(waiting)).total_seconds() if waiting else 0.0
        return Freshness(position=position, behind=behind, age_seconds=max(0.0, age))


class Waits:
    """A dependency of read routes: it waits until the read models contain the event at `after`."""

    def __init__(
        self, watched: Collection[Watched], *, head: Callable[[], int], seconds: float
    ) -> None:
        """Wait for all of these read models, at most `seconds`. Pass none if the store is read."""
        self._watched = watched
        self._head = head
        self._seconds = seconds

    async def __call__(self, after: After = None) -> None:
        """Return as soon as the event at this position can be read.

        Raise `UnknownPositionError` if no event has this position, `NotYetError` after the limit.
        """
        if not after:
            return
        if after > await run_in_threadpool(self._head):
            raise UnknownPositionError
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        for watched in self._watched:
            while not await run_in_threadpool(watched.holds, after):
                if loop.time() > end:
                    raise NotYetError
                await asyncio.sleep(_POLL_S)


def of_the_store(head: int) -> Freshness:
    """Return the freshness of an answer that was read from the store."""
    return Freshness(position=head, behind=0, age_seconds=0.0)
