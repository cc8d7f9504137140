"""Natural batching: what arrives during one piece of work rides together in the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")


class Together(Generic[A, R]):
    """Hands what is asked to one thread, in the order it came, many at once, without a timer.

    A timer would make everybody wait; this makes nobody wait who comes alone.
    """

    def __init__(
        self, carry_out: Callable[[Sequence[A]], Sequence[R]], *, name: str, most: int
    ) -> None:
        """Carry out with `carry_out`, which gives a result for each; at most `most` at once."""
        self._carry_out = carry_out
        self._most = most
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def __len__(self) -> int:
        """Give how many wait for their turn."""
        return len(self._waiting)

    def submit(self, asked: A) -> "asyncio.Future[R]":
        """Give the future result of what is asked. Called on the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        self._waiting.append((asked, future))
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return future

    async def close(self) -> None:
        """Finish what waits; nothing may be submitted any more."""
        if self._running is not None:
            await self._running
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        waiting, most = self._waiting, self._most
        while waiting:
            riding = [waiting.popleft() for _ in range(min(len(waiting), most))]
            work = [asked for asked, _ in riding]
            try:
                results = await loop.run_in_executor(self._thread, self._carry_out, work)
            except Exception as error:  # noqa: BLE001  raised where the result is waited for
                for _, future in riding:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), result in zip(riding, results, strict=True):
                if not future.done():
                    future.set_result(result)
