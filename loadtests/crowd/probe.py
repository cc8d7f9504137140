"""An ordinary client beside the crowd: what does it notice?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from loadtests.crowd.conversation import Seen, Target, take_in
from loadtests.results.objectives import percentile

_A_SECOND = 20


@dataclass(frozen=True)
class Noticed:
    """What an ordinary client noticed."""

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
    """Sum up what was seen."""
    ms = [one.seconds * 1000 for one in seen]
    stored = sum(one.stored for one in seen)
    return Noticed(len(ms), stored, percentile(ms, 50), percentile(ms, 95), max(ms, default=0.0))


@asynccontextmanager
async def probing(target: Target) -> AsyncIterator[list[Seen]]:
    """Take dossiers in meanwhile, each on a new connection, whether or not the last is answered."""
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
    """What an ordinary client notices while there is no crowd."""
    async with probing(target) as seen:
        await asyncio.sleep(seconds)
    return noticed(seen)
