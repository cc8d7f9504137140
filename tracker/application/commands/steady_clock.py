"""The clock for `recorded_at`. It never goes back, even if the server's clock does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

_READS_STORE_EVERY_S = 1.0
_WARNS_EVERY_S = 60.0
TOLERATED = timedelta(seconds=2)
"""The difference between the clocks of two servers that causes no warning."""


class SteadyClock:
    """Returns the server's time, or the newest recorded time if that is later."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        newest: Callable[[], datetime | None],
        elapsed: Callable[[], float],
        warn: Callable[[timedelta], None],
    ) -> None:
        """Read the time from `now` and the store's newest recorded time from `newest`.

        `elapsed` is a monotonic clock in seconds. `warn` gets the delay of the server's clock.
        """
        self._now = now
        self._newest = newest
        self._elapsed = elapsed
        self._warn = warn
        self._floor = datetime.min.replace(tzinfo=UTC)
        self._reads_store_at = self._warns_at = float("-inf")
        self._lock = Lock()

    def __call__(self) -> datetime:
        """Return a time that is not before any time that this clock returned or the store has.

        It reads the newest time of other processes from the store once a second.
        """
        with self._lock:
            if self._elapsed() >= self._reads_store_at:
                self._floor = max(self._floor, self._newest() or self._floor)
                self._reads_store_at = self._elapsed() + _READS_STORE_EVERY_S
            now = self._now().astimezone(UTC)
            behind = self._floor - now
            if behind > TOLERATED and self._elapsed() >= self._warns_at:
                self._warns_at = self._elapsed() + _WARNS_EVERY_S
                self._warn(behind)
            self._floor = max(self._floor, now)
            return self._floor
