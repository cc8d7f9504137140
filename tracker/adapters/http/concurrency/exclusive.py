"""Great questions are answered one at a time, and leave room for everything else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, sleep

from tracker.adapters.http.schema.problems import BusyError
from tracker.domain.errors import TrackerError

_WORKS_S = 0.02
_RESTS_AT_MOST_S = 0.05


class GoneError(TrackerError):
    """Nobody waits for the answer any more."""


class ExclusiveSlot:
    """Lets one in at a time; whoever comes meanwhile is told so at once."""

    def __init__(self) -> None:
        """Begin with nobody inside."""
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Be inside meanwhile. Raise `BusyError`."""
        if not self._lock.acquire(blocking=False):
            raise BusyError
        try:
            yield
        finally:
            self._lock.release()


class Throttle:
    """Called again and again by a long piece of work, it rests as long as was worked.

    So at most half of the time goes into it, and intake goes on beside it.
    """

    def __init__(self, is_over: Callable[[], bool]) -> None:
        """Go on until it is over."""
        self._is_over = is_over
        self._since = monotonic()

    def __call__(self, _done: int) -> None:
        """Rest where it is time to. Raise `GoneError` once it is over."""
        if self._is_over():
            raise GoneError
        worked = monotonic() - self._since
        if worked >= _WORKS_S:
            sleep(min(worked, _RESTS_AT_MOST_S))
            self._since = monotonic()
