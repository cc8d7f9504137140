"""An ordinary client during a crowd: does it get slower?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from loadtests.crowd.conversation import Seen, Target, take_in
from loadtests.results.objectives import percentile

_A_SECOND = 20


@dataclass(frozen=True)
class Noticed:
    """The intakes of an ordinary client: their number, failures and times."""

    intakes: int
    stored: int
    p50_ms: float
    p95_ms: float
    most_ms: float

    def __str__(self) -> str:
        return (
            f"{self.stored} of {self.intakes} intakes stored,"
            f" p50 {self.p50_ms:.0f} ms, p95 {self.p95_ms:.0f} ms, at most {self.most_ms:.0f} ms"
        )


def noticed(seen: Sequence[Seen]) -> Noticed:
    """Summarise these intakes."""
    ms = [one.seconds * 1000 for one in seen]
    stored = sum(one.stored for one in seen)
    return Noticed(len(ms), stored, percentile(ms, 50), percentile(ms, 95), max(ms, default=0.0))


@asynccontextmanager
async def probing(target: Target) -> AsyncIterator[list[Seen]]:
    """Post intakes at a steady rate, each on a new connection, without waiting for answers."""
    seen: list[Seen] = []
    going = asyncio.Event()

    async def one() -> None:
        seen.append(await take_in(target))

    async def all_the_time(tasks: asyncio.TaskGroup) -> None:
        while not going.is_set():
            tasks.create_task(one())
            await asyncio.sleep(1 / _A_SECOND)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(all_the_time(tasks))
        try:
            yield seen
        finally:
            going.set()


async def calm(target: Target, seconds: float = 2.0) -> Noticed:
    """Measure an ordinary client without a crowd."""
    async with probing(target) as seen:
        await asyncio.sleep(seconds)
    return noticed(seen)
