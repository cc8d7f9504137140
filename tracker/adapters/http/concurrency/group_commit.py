"""Group commit: what arrives while one commit is in flight rides together in the next."""

from asyncio import Future
from collections.abc import Callable, Sequence

from tracker.adapters.http.concurrency.batching import Batcher, ThreadExecutor
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import TrackerError

MOST_AT_ONCE = 500
MOST_WAITING = 5_000

Handle = Callable[[Sequence[Envelope]], list[Accepted | TrackerError]]
Result = Accepted | Exception


class TooBusyError(StoreUnavailableError):
    """More is posted than can be stored just now. Nothing was stored; send it again in a moment."""


class GroupCommit:
    """Hands posts to the tracker in the order they came, in one thread.

    So many may wait and no more: whoever comes then is told so at once, instead of all waiting
    longer and longer.
    """

    def __init__(
        self, handle: Handle, *, most: int = MOST_AT_ONCE, most_waiting: int = MOST_WAITING
    ) -> None:
        """Carry out with `handle`, at most `most` posts at once."""
        self._handle = handle
        self._most_waiting = most_waiting
        self._thread = ThreadExecutor(self._carry_out, name="group-commit")
        self._together = Batcher[Envelope, Result](self._thread, most=most)
        self._closed = False

    async def submit(self, post: Envelope) -> Accepted:
        """Return what was stored once it is on disk, or raise what stands against it."""
        (result,) = await self.submit_all([post])
        if isinstance(result, Exception):
            raise result
        return result

    def submit_all(self, posts: Sequence[Envelope]) -> Future[Sequence[Result]]:
        """Have posts carried out together and in this order; each has its own result.

        Raise `TooBusyError`, and `StoreUnavailableError` when closed.
        """
        self.check_room(len(posts))
        return self._together.submit(posts)

    def check_room(self, more: int) -> None:
        """Raise what `submit_all` would for so many more posts."""
        if self._closed:
            raise StoreUnavailableError
        if len(self._together) and len(self._together) + more > self._most_waiting:
            raise TooBusyError

    async def close(self) -> None:
        """Finish what was accepted, and accept no more."""
        self._closed = True
        await self._together.close()
        self._thread.close()

    def _carry_out(self, posts: Sequence[Envelope]) -> Sequence[Result]:
        try:
            return self._handle(posts)
        except StoreUnavailableError as error:
            return [error] * len(posts)
        except Exception as error:  # noqa: BLE001  it is raised where the post came from
            if len(posts) == 1:
                return [error]
            # What was stored before it broke is answered as a duplicate: none is stored twice.
            return [result for post in posts for result in self._carry_out([post])]
