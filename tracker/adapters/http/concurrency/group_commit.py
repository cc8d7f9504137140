"""Group commit: the commands that arrive during one commit are stored by the next."""

from asyncio import Future
from collections.abc import Callable, Sequence

from tracker.adapters.http.concurrency.batching import Batcher, ThreadExecutor
from tracker.adapters.http.schema.problems import TooBusyError
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import TrackerError

MOST_AT_ONCE = 500
MOST_WAITING = 5_000

Handle = Callable[[Sequence[Envelope]], list[Accepted | TrackerError]]
Result = Accepted | Exception


class GroupCommit:
    """Passes envelopes to the tracker in the order of their arrival, in one thread.

    The number of waiting envelopes is limited. Above the limit a request fails immediately, so the
    waiting time of the others stays short.
    """

    def __init__(
        self, handle: Handle, *, most: int = MOST_AT_ONCE, most_waiting: int = MOST_WAITING
    ) -> None:
        """Call `handle` with at most `most` envelopes; let at most `most_waiting` wait."""
        self._handle = handle
        self._most_waiting = most_waiting
        self._thread = ThreadExecutor(self._handle_all, name="group-commit")
        self._batcher = Batcher[Envelope, Result](self._thread, most=most)
        self._closed = False

    async def submit(self, envelope: Envelope) -> Accepted:
        """Return the answer to a command once its event is on disk, or raise its error."""
        (result,) = await self.submit_all([envelope])
        if isinstance(result, Exception):
            raise result
        return result

    def submit_all(self, envelopes: Sequence[Envelope]) -> Future[Sequence[Result]]:
        """Return the future results of these envelopes, which are stored together in this order.

        Raise `TooBusyError`, and `StoreUnavailableError` when closed.
        """
        self.check_room(len(envelopes))
        return self._batcher.submit(envelopes)

    def check_room(self, more: int) -> None:
        """Raise what `submit_all` raises for `more` envelopes."""
        if self._closed:
            raise StoreUnavailableError
        if len(self._batcher) and len(self._batcher) + more > self._most_waiting:
            raise TooBusyError

    async def close(self) -> None:
        """Finish the accepted envelopes, and accept no more."""
        self._closed = True
        await self._batcher.close()
        self._thread.close()

    def _handle_all(self, envelopes: Sequence[Envelope]) -> Sequence[Result]:
        try:
            return self._handle(envelopes)
        except StoreUnavailableError as error:
            return [error] * len(envelopes)
        except Exception as error:  # noqa: BLE001  the caller of `submit` gets it
            if len(envelopes) == 1:
                return [error]
            # Try each envelope alone. Events that are stored already are answered as duplicates.
            return [result for envelope in envelopes for result in self._handle_all([envelope])]
