"""Clients that keep connections open and never finish a request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from loadtests.crowd.conversation import Conversation, Target, head, intake
from loadtests.crowd.probe import Noticed, noticed, probing
from loadtests.results.objectives import percentile

_AT_ONCE = 200
_DROP_S = 0.1

Behaviour = Callable[[Conversation, Target], Awaitable[None]]


async def idle(_conversation: Conversation, _target: Target) -> None:
    """Connect and send nothing."""


async def slow_body(conversation: Conversation, target: Target) -> None:
    """Send the body of an intake byte by byte, ten bytes a second."""
    body = intake()
    await conversation.say(head(target, len(body)))
    for byte in body:
        await conversation.say(bytes([byte]))
        await asyncio.sleep(_DROP_S)


async def half_open(conversation: Conversation, target: Target) -> None:
    """Send half of a request's head and never the rest, like a client that has died."""
    whole = head(target, 1_000)
    await conversation.say(whole[: len(whole) // 2])


BEHAVIOURS: dict[str, Behaviour] = {
    "idle": idle,
    "slow-bodies": slow_body,
    "half-open": half_open,
}


@dataclass(frozen=True)
class HoldResult:
    """The end of the connections, and the times of an ordinary client during them."""

    wanted: int
    opened: int
    closed_by_service: int
    held_s: float
    """The median age of connections that the service closed; 0 if it closed none."""
    meanwhile: Noticed

    def __str__(self) -> str:
        ends = (
            f"the service closed {self.closed_by_service}, median after {self.held_s:.1f} s"
            if self.closed_by_service
            else "the service closed none"
        )
        opened = f"{self.opened} of {self.wanted} connections were open"
        return f"{opened}; {ends}\n  ordinary client: {self.meanwhile}"


async def hold(
    target: Target, behave: Behaviour, *, connections: int, seconds: float
) -> HoldResult:
    """Open these connections, let each behave so, and measure an ordinary client meanwhile."""
    opened: list[Conversation] = []
    ends: list[float] = []
    gate = asyncio.Semaphore(_AT_ONCE)

    async def open_one() -> None:
        async with gate:
            try:
                opened.append(await Conversation.begin(target))
            except (OSError, TimeoutError):
                return

    async def live(conversation: Conversation) -> None:
        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                behaving = tasks.create_task(_quietly(behave, conversation, target))
                await conversation.until_closed()
                behaving.cancel()
        except OSError:
            pass
        ends.append(time.monotonic() - began)

    await asyncio.gather(*(open_one() for _ in range(connections)))
    async with probing(target) as seen:
        living = [asyncio.create_task(live(one)) for one in opened]
        await asyncio.sleep(seconds)
        for one in living:
            one.cancel()
        closed = len(ends)
    await asyncio.gather(*living, return_exceptions=True)
    for conversation in opened:
        conversation.end()
    return HoldResult(
        connections, len(opened), closed, percentile(ends[:closed], 50), noticed(seen)
    )


async def _quietly(behave: Behaviour, conversation: Conversation, target: Target) -> None:
    """Behave until the service closes the connection; the reading task notices that."""
    try:
        await behave(conversation, target)
    except OSError:
        return
