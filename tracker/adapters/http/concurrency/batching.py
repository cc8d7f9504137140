"""Natural batching: the items that arrive during one call are processed together in the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class ThreadExecutor(Generic[A, R]):
    """Calls a function in its own thread."""

    def __init__(self, work: Callable[[Sequence[A]], Sequence[R]], *, name: str) -> None:
        """Call `work`, which returns one result for each item."""
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __call__(self, items: Sequence[A]) -> Awaitable[Sequence[R]]:
        """Return the future results, one for each item."""
        return asyncio.get_running_loop().run_in_executor(self._thread, self._work, items)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


class Batcher(Generic[A, R]):
    """Processes items in the order of their arrival, many in one call, without a timer.

    A timer would delay every item. Here an item that arrives alone does not wait. The items of one
    lot are always processed in the same call.
    """

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[R]]], *, most: int) -> None:
        """Call `work`, which returns one result for each item.

        One call gets several lots with at most `most` items in all. A larger lot is processed
        alone.
        """
        self._work = work
        self._most = most
        self._waiting: deque[tuple[Sequence[A], asyncio.Future[Sequence[R]]]] = deque()
        self._count = 0
        self._running: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return self._count

    def submit(self, lot: Sequence[A]) -> "asyncio.Future[Sequence[R]]":
        """Return the future results of a lot, in its order. Call this on the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sequence[R]] = loop.create_future()
        self._waiting.append((lot, future))
        self._count += len(lot)
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return future

    async def close(self) -> None:
        """Process the waiting items. Nothing may be submitted afterwards."""
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            lots = self._next_lots()
            items = [item for lot, _ in lots for item in lot]
            try:
                results = await self._work(items)
            except Exception as error:  # noqa: BLE001  the caller of `submit` gets it
                for _, future in lots:
                    if not future.done():
                        future.set_exception(error)
                continue
            end = 0
            for lot, future in lots:
                begin, end = end, end + len(lot)
                if not future.done():
                    future.set_result(results[begin:end])

    def _next_lots(self) -> list[tuple[Sequence[A], "asyncio.Future[Sequence[R]]"]]:
        lots = [self._waiting.popleft()]
        count = len(lots[0][0])
        while self._waiting and count + len(self._waiting[0][0]) <= self._most:
            lots.append(self._waiting.popleft())
            count += len(lots[-1][0])
        self._count -= count
        return lots
