"""Natural batching: what arrives during one piece of work rides together in the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
A = TypeVar("A")
R = TypeVar("R")


class OneThread(Generic[P, R]):
    """Carries work out in a thread of its own, in the order it came."""

    def __init__(self, work: Callable[P, R], *, name: str) -> None:
        """Carry out with `work`."""
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, *asked: P.args, **named: P.kwargs) -> Awaitable[R]:
        """Give the future result."""
        work = partial(self._work, *asked, **named)
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


class Ride(Generic[A, R]):
    """Some lots that ride together."""

    def __init__(self, lots: "Sequence[tuple[Sequence[A], asyncio.Future[Sequence[R]]]]") -> None:
        """Take each lot with the future that is waited for."""
        self._lots = lots
        self.asked = [asked for lot, _ in lots for asked in lot]
        """All that is asked, in order."""

    def give(self, results: Sequence[R]) -> None:
        """Give a result for each."""
        end = 0
        for lot, future in self._lots:
            begin, end = end, end + len(lot)
            if not future.done():
                future.set_result(results[begin:end])

    def fail(self, error: Exception) -> None:
        """Raise this wherever a result is waited for."""
        for _, future in self._lots:
            if not future.done():
                future.set_exception(error)


class Together(Generic[A, R]):
    """Has what is asked carried out in the order it came, many at once, without a timer.

    A timer would make everybody wait; this makes nobody wait who comes alone. What is asked at
    once, as one lot, stays together.
    """

    def __init__(self, carry_out: Callable[[Ride[A, R]], Awaitable[None]], *, most: int) -> None:
        """Carry out with `carry_out`: when it returns, the next ride may begin.

        Lots ride together up to `most` in all; a larger one rides alone.
        """
        self._carry_out = carry_out
        self._most = most
        self._waiting: deque[tuple[Sequence[A], asyncio.Future[Sequence[R]]]] = deque()
        self._count = 0
        self._running: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Give how many wait for their turn."""
        return self._count

    def submit(self, lot: Sequence[A]) -> "asyncio.Future[Sequence[R]]":
        """Give the future results of what is asked, in its order. Called on the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[R]] = loop.create_future()
        self._waiting.append((lot, future))
        self._count += len(lot)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return future

    async def close(self) -> None:
        """Begin all that waits; nothing may be submitted any more."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            ride = self._next()
            try:
                await self._carry_out(ride)
            except Exception as error:  # noqa: BLE001  raised where the result is waited for
                ride.fail(error)

    def _next(self) -> Ride[A, R]:
        lots = [self._waiting.popleft()]
        count = len(lots[0][0])
        while self._waiting and count + len(self._waiting[0][0]) <= self._most:
            lots.append(self._waiting.popleft())
            count += len(lots[-1][0])
        self._count -= count
        return Ride(lots)
