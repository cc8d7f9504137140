"""Run long queries one at a time, and leave processor time for other requests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, sleep

from tracker.adapters.http.schema.problems import BusyError
from tracker.domain.errors import TrackerError

_WORK_S = 0.02
_MAX_SLEEP_S = 0.05


class GoneError(TrackerError):
    """The client does not wait for the answer any more."""


class ExclusiveSlot:
    """A slot for one caller at a time. Other callers get an error immediately."""

    def __init__(self) -> None:
        """Begin with an empty slot."""
        self._lock = Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the slot during the block. Raise `BusyError` if another caller holds it."""
        if not self._lock.acquire(blocking=False):
            raise BusyError
        try:
            yield
        finally:
            self._lock.release()


class Throttle:
    """Slows down a long query, which calls it again and again.

    It sleeps as long as the query has worked, so the query uses at most half of the time and
    intakes continue.
    """

    def __init__(self, is_over: Callable[[], bool]) -> None:
        """Let the query continue until `is_over` returns true."""
        self._is_over = is_over
        self._since = monotonic()

    def __call__(self, _done: int) -> None:
        """Sleep if the query has worked long enough. Raise `GoneError` if `is_over` is true."""
        if self._is_over():
            raise GoneError
        worked = monotonic() - self._since
        if worked >= _WORK_S:
            sleep(min(worked, _MAX_SLEEP_S))
            self._since = monotonic()
