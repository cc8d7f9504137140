"""Connections that hold the service without getting anything from it."""

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
    """Connect, and say nothing."""


async def slow_body(conversation: Conversation, target: Target) -> None:
    """Send the body of an intake a byte at a time, ten a second."""
    body = intake()
    await conversation.say(head(target, len(body)))
    for byte in body:
        await conversation.say(bytes([byte]))
        await asyncio.sleep(_DROP_S)


async def half_open(conversation: Conversation, target: Target) -> None:
    """Send half of a request's head, and never the rest: the client has died, or plays dead."""
    whole = head(target, 1_000)
    await conversation.say(whole[: len(whole) // 2])


BEHAVIOURS: dict[str, Behaviour] = {
    "idle": idle,
    "slow-bodies": slow_body,
    "half-open": half_open,
}


@dataclass(frozen=True)
class HoldResult:
    """What became of the connections, and of an ordinary client beside them."""

    wanted: int
    opened: int
    closed_by_service: int
    held_s: float
    """How long those that were hung up on had lasted, in the middle; 0 where none was."""
    beside: Noticed

    def __str__(self) -> str:
        ends = (
            f"the service hung up on {self.closed_by_service}, in the middle after"
            f" {self.held_s:.1f} s"
            if self.closed_by_service
            else "the service hung up on none"
        )
        return f"{self.opened} of {self.wanted} connections stood; {ends}\n  beside: {self.beside}"


async def hold(
    target: Target, behave: Behaviour, *, connections: int, seconds: float
) -> HoldResult:
    """Open these connections, let each behave so, and watch an ordinary client for so long."""
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
    """Behave until the service hangs up; whoever listens on the other side notes that."""
    try:
        await behave(conversation, target)
    except OSError:
        return
