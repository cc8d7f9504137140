"""Limit the bytes and the time of every request of a connection.

The guard wraps the protocol that uvicorn has chosen, and passes it one request at a time. It holds
a request back until the headers and the body are complete, except for the rest of a large body, and
until the previous request is answered.
The middleware finds the guard in the state of the ASGI scope and reports the end of each answer.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from math import inf
from typing import Final, cast

from tracker.adapters.http.framing import ChunkedBody, LengthBody, read_head
from tracker.adapters.http.schema.problems import HeadersTooSlowError, TooBusyError, TooSlowError
from tracker.adapters.http.server.connections import ConnectionLimits, Connections
from tracker.adapters.http.server.middleware import answer_as_bytes
from tracker.domain.errors import TrackerError

_HELD_BODY: Final = 65_536
"""The guard keeps back this much of a body: a client that stops sending costs little then."""
_HELD_FREELY: Final = 16_384
_LINGER_S: Final = 2.0
_READS_AT_LEAST: Final = 16_384
"""A client must read at least this many bytes of a long answer within `write_s`."""


class _State(Enum):
    HEAD = auto()
    """The headers of the next request are incomplete."""
    BODY = auto()
    """The headers are complete; the server has nothing yet."""
    STREAM = auto()
    """The server has the headers, and gets the large body in parts."""
    ANSWER = auto()
    """The server has the whole request; the answer is pending."""
    REFUSED = auto()
    """The guard has answered with an error and ignores what follows."""


class Guard(asyncio.Protocol):
    """Passes the requests of one connection to the protocol of the server, one at a time."""

    _transport: asyncio.Transport

    def __init__(
        self,
        serve: Callable[["Guard"], asyncio.Protocol],
        limits: ConnectionLimits,
        connections: Connections["Guard"],
    ) -> None:
        """Pass the requests to what `serve` returns."""
        self._server: asyncio.Protocol | None = serve(self)
        self._limits = limits
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._state = _State.HEAD
        self._deadline = self._loop.time() + limits.header_s
        self._buffer = b""
        self._at = 0
        self._held = 0
        self._size = 0
        self._body: LengthBody | ChunkedBody = LengthBody(0)
        self._has_head_begun = True
        self._is_answered = False
        self._is_answer_begun = False
        self._has_ended = False
        self._is_paused = False
        self._rest_s = 0.0
        self._unread = inf
        self._reads_until = inf

    # Called by the middleware.

    def begin_answer(self) -> None:
        """Record that a part of the answer was sent: an error cannot replace it any more."""
        self._is_answer_begun = True

    def rest(self, seconds: float) -> None:
        """Read nothing from this connection for this many seconds after the answer."""
        self._rest_s = seconds

    def finish_answer(self) -> None:
        """Continue with the next request."""
        self._is_answered = True
        if self._state is _State.ANSWER:
            self._go_on()

    def is_closed(self) -> bool:
        """Return whether the client cannot get an answer any more."""
        return self._state is _State.REFUSED or self._transport.is_closing()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        if self._server is not None:
            self._server.connection_made(transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Pass complete requests to the server, and keep the rest."""
        if self._state is _State.REFUSED:
            return
        self._buffer = self._buffer[self._at :] + data if self._buffer else data
        self._at = 0
        self._advance()

    def eof_received(self) -> bool:
        """Return whether the connection stays open: it does while an answer is pending."""
        if self._state is not _State.ANSWER:
            return False
        self._has_ended = True
        self._deadline = self._loop.time() + self._limits.half_closed_s
        return True

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the connection. The server ends the request in progress."""
        self._connections.remove(self)
        self._forget_buffer()
        self._release(None)  # with an error, uvicorn would keep its timer, and itself with it

    def pause_writing(self) -> None:
        """Watch whether the client reads."""
        self._connections.stall(self)
        self._unread, self._reads_until = inf, 0.0
        if self._server is not None:
            self._server.pause_writing()

    def resume_writing(self) -> None:
        """Continue: the client has read."""
        self._connections.unstall(self)
        self._reads_until = inf
        if self._server is not None:
            self._server.resume_writing()
            if self._state is _State.ANSWER and self._is_answered:
                self._loop.call_soon(self._go_on)

    # Called by the connections.

    def tick(self, now: float) -> None:
        """End the connection if a time limit has passed."""
        is_closing = self._transport.is_closing()
        if is_closing or self._reads_until < inf:
            self._watch_reading(now)
        if not is_closing and now >= self._deadline:
            self._expire()

    def abort(self) -> None:
        """Close the connection immediately, even if the client has not read its answer."""
        self._transport.abort()

    def _advance(self) -> None:
        try:
            if self._state is _State.HEAD:
                self._read_head()
            if self._state in (_State.BODY, _State.STREAM):
                self._read_body()
            if self._at < len(self._buffer) or self._held:
                self._count_held()
        except TrackerError as error:
            self._refuse(error)
            return
        if self._state is _State.ANSWER and self._at < len(self._buffer):
            self._pause()

    def _read_head(self) -> None:
        buffer = self._buffer
        if buffer.startswith((b"\r", b"\n"), self._at):  # old clients add a line to a body
            self._at = len(buffer) - len(buffer[self._at :].lstrip(b"\r\n"))
        head = read_head(buffer, self._at, self._limits.head)
        if head is None:
            if self._at < len(buffer) and not self._has_head_begun:
                self._has_head_begun = True
                self._deadline = self._loop.time() + self._limits.header_s
            return
        self._is_answered = self._is_answer_begun = False
        self._body = ChunkedBody() if head.is_chunked else LengthBody(head.length)
        self._size = head.size
        self._state = _State.STREAM if head.expects_continue else _State.BODY
        self._deadline = self._loop.time() + self._limits.body_s

    def _read_body(self) -> None:
        end = self._body.take(self._buffer, self._at + self._size)
        self._size = end - self._at
        if self._body.is_complete:
            self._wait_for_answer()
        elif self._size > _HELD_BODY:
            self._state = _State.STREAM
        elif self._state is _State.BODY:
            return
        self._size = 0
        self._pass_on(end)
        if self._state is _State.ANSWER and self._is_answered:
            self._go_on()

    def _wait_for_answer(self) -> None:
        self._state = _State.ANSWER
        self._deadline = inf
        if self._has_ended:
            self._deadline = self._loop.time() + self._limits.half_closed_s
        self._connections.work(self)

    def _go_on(self) -> None:
        """Begin with the next request, unless the client must read or wait first."""
        if self._state is not _State.ANSWER or not self._is_answered or self.is_closed():
            return
        if self._reads_until < inf:
            return
        if self._rest_s:
            self._pause()
            self._loop.call_later(self._rest_s, self._go_on)
            self._rest_s = 0.0
            return
        self._state, self._has_head_begun = _State.HEAD, False
        self._deadline = self._loop.time() + self._limits.idle_s
        self._connections.wait(self)
        if self._at < len(self._buffer):
            self._advance()
        if self._state in (_State.HEAD, _State.BODY, _State.STREAM):
            if self._has_ended:
                self._transport.close()
            else:
                self._resume()

    def _pass_on(self, end: int) -> None:
        begin, buffer = self._at, self._buffer
        if end == len(buffer):
            self._buffer, self._at = b"", 0
            piece = buffer if begin == 0 else buffer[begin:]
        else:
            self._at = end
            piece = buffer[begin:end]
        if piece and self._server is not None:
            self._server.data_received(piece)

    def _count_held(self) -> None:
        """Count the buffered bytes. Raise `TooBusyError` if those of all clients are too many."""
        self._connections.held -= self._held
        self._held = len(self._buffer) - self._at
        self._connections.held += self._held
        if self._held > _HELD_FREELY and self._connections.is_full():
            raise TooBusyError

    def _forget_buffer(self) -> None:
        self._buffer, self._at = b"", 0
        self._connections.held -= self._held
        self._held = 0

    def _pause(self) -> None:
        if not self._is_paused and not self.is_closed():
            self._is_paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    def _expire(self) -> None:
        if self._state in (_State.BODY, _State.STREAM) and not self._is_answered:
            self._refuse(TooSlowError())
        elif self._state is _State.HEAD and self._at < len(self._buffer):
            self._refuse(HeadersTooSlowError())
        elif self._state in (_State.HEAD, _State.STREAM):
            self._transport.close()
        else:
            self.abort()

    def _refuse(self, error: TrackerError) -> None:
        """Answer with an error, and read for a moment, so that the client can read the answer."""
        is_streaming = self._state is _State.STREAM and not self._is_answer_begun
        if self.is_closed() or not (is_streaming or self._state in (_State.HEAD, _State.BODY)):
            self.abort()
            return
        self._transport.write(answer_as_bytes(error))
        self._transport.write_eof()
        if is_streaming:  # the application ends the request; the transport stays open for now
            self._release(ConnectionAbortedError())
        self._state = _State.REFUSED
        self._deadline = self._loop.time() + _LINGER_S
        self._forget_buffer()
        self._resume()
        self._connections.wait(self)

    def _release(self, error: Exception | None) -> None:
        """Report to the server that the client is gone."""
        server, self._server = self._server, None
        if server is not None:
            server.connection_lost(error)

    def _watch_reading(self, now: float) -> None:
        unread = self._transport.get_write_buffer_size()
        if unread <= self._unread - _READS_AT_LEAST or not 0 < self._reads_until < inf:
            self._unread, self._reads_until = unread, now + self._limits.write_s
        elif now >= self._reads_until:
            self.abort()
