"""Natural batching: what arrives during one piece of work rides together in the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class ThreadExecutor(Generic[A, R]):
    """Carries work out in a thread of its own."""

    def __init__(self, work: Callable[[Sequence[A]], Sequence[R]], *, name: str) -> None:
        """Carry out with `work`, which gives a result for each."""
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, asked: Sequence[A]) -> Awaitable[Sequence[R]]:
        """Return the future results."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._work, asked)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


class Batcher(Generic[A, R]):
    """Has what is asked carried out in the order it came, many at once, without a timer.

    A timer would make everybody wait; this makes nobody wait who comes alone. What is asked at
    once, as one lot, stays together.
    """

    def __init__(
        self, carry_out: Callable[[Sequence[A]], Awaitable[Sequence[R]]], *, most: int
    ) -> None:
        """Carry out with `carry_out`, which gives a result for each.

        Lots ride together up to `most` in all; a larger one rides alone.
        """
        self._carry_out = carry_out
        self._most = most
        self._waiting: deque[tuple[Sequence[A], asyncio.Future[Sequence[R]]]] = deque()
        self._count = 0
        self._running: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many wait for their turn."""
        return self._count

    def submit(self, lot: Sequence[A]) -> "asyncio.Future[Sequence[R]]":
        """Return the future results of what is asked, in its order. Called on the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[R]] = loop.create_future()
        self._waiting.append((lot, future))
        self._count += len(lot)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return future

    async def close(self) -> None:
        """Finish what waits; nothing may be submitted any more."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            riding = self._next()
            work = [asked for lot, _ in riding for asked in lot]
            try:
                results = await self._carry_out(work)
            except Exception as error:  # noqa: BLE001  raised where the result is waited for
                for _, future in riding:
                    if not future.done():
                        future.set_exception(error)
                continue
            end = 0
            for lot, future in riding:
                begin, end = end, end + len(lot)
                if not future.done():
                    future.set_result(results[begin:end])

    def _next(self) -> list[tuple[Sequence[A], "asyncio.Future[Sequence[R]]"]]:
        riding = [self._waiting.popleft()]
        count = len(riding[0][0])
        while self._waiting and count + len(self._waiting[0][0]) <= self._most:
            riding.append(self._waiting.popleft())
            count += len(riding[-1][0])
        self._count -= count
        return riding
