"""Group commit: what arrives while others are decided on or stored rides together in the next."""

from asyncio import Future, Task, create_task
from collections.abc import Sequence

from tracker.adapters.http.parts import Writer
from tracker.adapters.http.together import OneThread, Ride, Together
from tracker.application.ports import RequestKey
from tracker.application.posts import Accepted, Post
from tracker.application.tracker import StoreUnavailableError
from tracker.application.work import Decided

MOST_AT_ONCE = 500
MOST_WAITING = 5_000
_WORTH_IT = 100
"""Where fewer wait, they ride together in the next commit: two small ones take longer than one."""

Result = Accepted | Exception


class TooBusyError(StoreUnavailableError):
    """More is posted than can be stored just now. Nothing was stored; send it again in a moment."""


class GroupCommit:
    """Hands posts to the tracker in the order they came; each commit has many.

    While one commit is in flight the next is decided on, so that neither processor nor store waits
    for the other, unless it has to do with the same dossiers or requests. So many may wait and no
    more: whoever comes then is told so at once, instead of all waiting longer and longer.
    """

    def __init__(
        self,
        writer: Writer,
        *,
        most: int = MOST_AT_ONCE,
        most_waiting: int = MOST_WAITING,
        ahead: int = _WORTH_IT,
    ) -> None:
        """Carry out with `writer`, at most `most` at once, ahead where at least `ahead` wait."""
        self._ahead = ahead
        self._writer = writer
        self._most_waiting = most_waiting
        self._deciding = OneThread(self._decide, name="decide")
        self._committing = OneThread(self._commit, name="commit")
        self._together = Together[Post, Result](self._carry_out, most=most)
        self._in_flight: Task[None] | None = None
        self._at_stake: frozenset[RequestKey | str] = frozenset()
        self._closed = False

    async def submit(self, post: Post) -> Accepted:
        """Give what was stored once it is on disk, or raise what stands against it."""
        (result,) = await self.submit_all([post])
        if isinstance(result, Exception):
            raise result
        return result

    def submit_all(self, posts: Sequence[Post]) -> Future[Sequence[Result]]:
        """Have posts carried out together and in this order; each has its own result.

        Raises `TooBusyError`, and `StoreUnavailableError` when closed.
        """
        self._check_open(len(posts))
        return self._together.submit(posts)

    async def close(self) -> None:
        """Finish what was accepted, and accept no more."""
        self._closed = True
        await self._together.close()
        await self._landed()
        self._deciding.close()
        self._committing.close()

    def _check_open(self, more: int) -> None:
        if self._closed:
            raise StoreUnavailableError
        if len(self._together) and len(self._together) + more > self._most_waiting:
            raise TooBusyError

    async def _carry_out(self, ride: Ride[Post, Result]) -> None:
        at_stake = _at_stake(ride.asked)
        if not at_stake.isdisjoint(self._at_stake):
            await self._landed()
        decided = await self._deciding(ride.asked)
        await self._landed()
        self._at_stake = at_stake
        self._in_flight = create_task(self._land(ride, decided))
        if len(self._together) < self._ahead:
            await self._landed()

    async def _land(self, ride: Ride[Post, Result], decided: Decided | Exception) -> None:
        ride.give(await self._committing(ride.asked, decided))

    async def _landed(self) -> None:
        if self._in_flight is not None:
            await self._in_flight

    def _decide(self, posts: Sequence[Post]) -> Decided | Exception:
        try:
            return self._writer.decide(posts)
        except Exception as error:  # noqa: BLE001  it is raised where the posts came from
            return error

    def _commit(self, posts: Sequence[Post], decided: Decided | Exception) -> Sequence[Result]:
        try:
            told = self._writer.commit(decided) if isinstance(decided, Decided) else decided
        except Exception as error:  # noqa: BLE001  it is raised where the posts came from
            told = error
        if not isinstance(told, Exception):
            return told
        if isinstance(told, StoreUnavailableError) or len(posts) == 1:
            return [told] * len(posts)
        # What was stored before it broke is answered as a duplicate: none is stored twice.
        return [result for post in posts for result in self._commit([post], self._decide([post]))]


def _at_stake(posts: Sequence[Post]) -> frozenset[RequestKey | str]:
    """Give the requests and the dossiers that these posts name."""
    codes = (post.message.code for post in posts)
    return frozenset([*(post.key for post in posts), *filter(None, codes)])
