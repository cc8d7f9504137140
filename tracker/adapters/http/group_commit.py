"""Group commit: what arrives while one commit is in flight rides together in the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tracker.application.posts import Accepted, Post
from tracker.application.tracker import StoreUnavailableError
from tracker.domain.errors import TrackerError

MOST_AT_ONCE = 500

Handle = Callable[[Sequence[Post]], list[Accepted | TrackerError]]
Result = Accepted | Exception
_Waiting = tuple[Post, "asyncio.Future[Result]"]


class GroupCommit:
    """Hands posts to the tracker in the order they came, in one thread, without a timer."""

    def __init__(self, handle: Handle, *, most: int = MOST_AT_ONCE) -> None:
        """Carry out with `handle`, at most `most` posts at once."""
        self._handle = handle
        self._most = most
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")

    async def submit(self, post: Post) -> Accepted:
        """Give what was stored once it is on disk, or raise what stands against it."""
        (result,) = await self.submit_all([post])
        if isinstance(result, Exception):
            raise result
        return result

    async def submit_all(self, posts: Sequence[Post]) -> list[Result]:
        """Carry posts out in this order; each has its own result. Raises when closed."""
        if self._closed:
            raise StoreUnavailableError
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Result]] = [loop.create_future() for _ in posts]
        self._waiting.extend(zip(posts, futures, strict=True))
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run())
        return await asyncio.gather(*futures)

    async def close(self) -> None:
        """Finish what was accepted, and accept no more."""
        self._closed = True
        if self._running is not None:
            await self._running
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            riding = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
            posts = [post for post, _ in riding]
            results = await loop.run_in_executor(self._thread, self._carry_out, posts)
            for (_, future), result in zip(riding, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _carry_out(self, posts: Sequence[Post]) -> Sequence[Result]:
        try:
            return self._handle(posts)
        except StoreUnavailableError as error:
            return [error] * len(posts)
        except Exception as error:  # noqa: BLE001  it is raised where the post came from
            if len(posts) == 1:
                return [error]
            # What was stored before it broke is answered as a duplicate: none is stored twice.
            return [result for post in posts for result in self._carry_out([post])]
