"""Track all open connections of this process: which of them wait, and which do not read."""

import asyncio
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from tracker.adapters.http.framing import HeadLimits

MOST: Final = 20_000
_MOST_HELD: Final = 64 * 1024 * 1024
_MOST_STALLED: Final = 500
_SWEEP_AT_MOST_S: Final = 1.0
_SWEEPS_A_LIMIT: Final = 4


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """The limits of a client, in bytes and seconds.

    `header_s` limits the time from the first byte of a request to the end of its headers; for the
    first request of a connection it begins with the connection. `idle_s` is the time between an
    answer and the next request.
    """

    head: HeadLimits = field(default_factory=HeadLimits)
    header_s: float = 20.0
    body_s: float = 30.0
    idle_s: float = 5.0
    write_s: float = 30.0
    half_closed_s: float = 60.0

    def shortest_s(self) -> float:
        """Return the shortest of the time limits."""
        return min(self.header_s, self.body_s, self.idle_s, self.write_s, self.half_closed_s)

    def between_requests_s(self) -> float:
        """Return how long the server may have to wait for the guard."""
        return self.header_s + self.body_s + self.idle_s + self.half_closed_s


class Connection(Protocol):
    """One connection."""

    def tick(self, now: float) -> None:
        """End the connection if a time limit has passed."""

    def abort(self) -> None:
        """Close the connection immediately."""


C = TypeVar("C", bound=Connection)


class Connections(Generic[C]):
    """Closes connections that take too long, and the oldest waiting one if there are too many.

    A connection waits while the service needs more bytes from its client. A client with a request
    in progress is therefore never closed to make room for another.
    """

    def __init__(self, *, shortest_limit_s: float, most: int = MOST) -> None:
        """Check times often enough for the shortest limit. Allow at most `most` connections."""
        self.held = 0
        """Bytes of incomplete or queued requests, of all connections."""
        self._most = most
        self._sweep_s = min(_SWEEP_AT_MOST_S, shortest_limit_s / _SWEEPS_A_LIMIT)
        self._all: set[C] = set()
        self._waiting: dict[C, None] = {}
        self._stalled: dict[C, None] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def add(self, connection: C) -> None:
        """Add a connection that waits for its first request."""
        self._all.add(connection)
        self._waiting[connection] = None
        if len(self._all) > self._most:
            self._abort_oldest(self._waiting)
        if self._sweep is None:
            self._sweep_later()

    def remove(self, connection: C) -> None:
        """Remove a connection that was closed."""
        self._all.discard(connection)
        self._waiting.pop(connection, None)
        self._stalled.pop(connection, None)

    def wait(self, connection: C) -> None:
        """Record that a connection waits for bytes from its client."""
        if connection in self._all:
            self._waiting[connection] = None

    def work(self, connection: C) -> None:
        """Record that a request of a connection is in progress."""
        self._waiting.pop(connection, None)

    def stall(self, connection: C) -> None:
        """Record that a client does not read its answer as fast as it is written."""
        self._stalled[connection] = None
        if len(self._stalled) > _MOST_STALLED:
            self._abort_oldest(self._stalled)

    def unstall(self, connection: C) -> None:
        """Record that a client has read its answer."""
        self._stalled.pop(connection, None)

    def is_full(self) -> bool:
        """Return whether the buffered bytes of all clients exceed the limit."""
        return self.held > _MOST_HELD

    def _abort_oldest(self, among: dict[C, None]) -> None:
        oldest = next(iter(among), None)
        if oldest is not None:
            del among[oldest]
            oldest.abort()

    def _sweep_later(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(self._sweep_s, self._look)

    def _look(self) -> None:
        self._sweep = None
        if self._all:
            self._sweep_later()
        now = asyncio.get_running_loop().time()
        for connection in [*self._all]:
            connection.tick(now)
