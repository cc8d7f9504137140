"""A client that keeps many HTTP connections busy and uses little processor time itself.

Locust's users take a hundred times as much for a request; they are for journeys. This client is for
maximum rates. It speaks just enough HTTP/1.1 for our servers: answers with a `Content-Length`,
connections that stay open, one request at a time on each.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass
class Load:
    """The result of some seconds of load: answers by status, and the time of each in seconds."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time in seconds within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def require(self, *expected: int) -> None:
        """Raise `RuntimeError` if an answer had another status."""
        others = {status: n for status, n in self.statuses.items() if status not in expected}
        if others or not self.times:
            message = f"unexpected answers: {others or 'none at all'}"
            raise RuntimeError(message)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Return the bytes of a request; an underscore in a header's name becomes a dash."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _HEAD_END + body


def load(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    warm_up: float = 1.0,
) -> Load:
    """Send these requests on several connections and return the result.

    Answers during the warm-up do not count. The load ends when the requests or the time end. Raises
    `ConnectionError` if the server closes a connection.
    """

    def begun(ended: "asyncio.Future[None]") -> _Run:
        begin = perf_counter() + warm_up
        return _Run(requests, Load(), begin, begin + seconds, ended)

    return uvloop.run(_load(port, connections, begun))


async def _load(
    port: int, connections: int, begun: "Callable[[asyncio.Future[None]], _Run]"
) -> Load:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    run = begun(ended)
    made = [
        await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port)
        for _ in range(connections)
    ]
    for _, connection in made:
        connection.send_next()
    try:
        await ended
    finally:
        run.load.seconds = min(perf_counter(), run.end) - run.begin
        for transport, _ in made:
            transport.abort()
    return run.load


@dataclass
class _Run:
    requests: Iterator[bytes]
    load: Load
    begin: float
    end: float
    ended: "asyncio.Future[None]"

    def finish(self, error: Exception | None = None) -> None:
        if self.ended.done():
            return
        if error:
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._read = b""
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send_next(self) -> None:
        following = next(self._run.requests, None)
        if following is None or self._transport is None:
            self._run.finish()
            return
        self._sent_at = perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        read = self._read + data if self._read else data
        head = read.find(_HEAD_END)
        at = read.find(_LENGTH)
        if head < 0 or not 0 <= at < head:
            self._read = read
            return
        length = int(read[at + len(_LENGTH) : read.index(b"\r", at)])
        if len(read) < head + len(_HEAD_END) + length:
            self._read = read
            return
        self._read = b""
        self._note(int(read[9:12]))

    def _note(self, status: int) -> None:
        run, now = self._run, perf_counter()
        if run.ended.done():
            return
        if now >= run.begin:
            run.load.statuses[status] += 1
            run.load.times.append(now - self._sent_at)
        if now >= run.end:
            run.finish()
            return
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.finish(exc or ConnectionError("the server closed a connection"))
