"""The clock that stamps `recorded_at`; it never goes back, whatever the server's clock does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

_LOOKS_EVERY_S = 1.0
_WARNS_EVERY_S = 60.0
TOLERATED = timedelta(seconds=2)
"""So far apart the clocks of two servers may be without a warning."""


class SteadyClock:
    """Returns the server's time, or the newest recorded time where that is later."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        newest: Callable[[], datetime | None],
        elapsed: Callable[[], float],
        warn: Callable[[timedelta], None],
    ) -> None:
        """Read the time from `now` and the store's newest recorded time from `newest`.

        `elapsed` counts seconds and is never set. `warn` gets how far the server's clock is behind.
        """
        self._now = now
        self._newest = newest
        self._elapsed = elapsed
        self._warn = warn
        self._floor = datetime.min.replace(tzinfo=UTC)
        self._looks_at = self._warns_at = float("-inf")
        self._lock = Lock()

    def __call__(self) -> datetime:
        """Return a time that is not before any other that this clock returned or the store has.

        What other processes store is looked up once a second.
        """
        with self._lock:
            if self._elapsed() >= self._looks_at:
                self._floor = max(self._floor, self._newest() or self._floor)
                self._looks_at = self._elapsed() + _LOOKS_EVERY_S
            now = self._now().astimezone(UTC)
            behind = self._floor - now
            if behind > TOLERATED and self._elapsed() >= self._warns_at:
                self._warns_at = self._elapsed() + _WARNS_EVERY_S
                self._warn(behind)
            self._floor = max(self._floor, now)
            return self._floor
