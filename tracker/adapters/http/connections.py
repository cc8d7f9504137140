"""The server's protocol: connections that are let go of, and a short way to an answer.

uvicorn starts a task for every request and speaks ASGI with it, which costs more than an intake's
own work. What has a short way is answered here instead, as soon as it is there; everything else
goes uvicorn's way.
"""

import asyncio
import resource
from collections.abc import Iterable
from time import perf_counter

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from tracker.adapters.http.bodies import WITHIN_S
from tracker.adapters.http.edge import HEADERS, Edge
from tracker.adapters.http.group_commit import TooBusyError
from tracker.adapters.http.problems import RETRY_AFTER_S, MalformedError, TooSlowError
from tracker.adapters.http.shortcuts import Answer, ShortWay

ASKS_WITHIN_S = 20.0


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%s: %s\r\n" % header for header in headers])


_HEAD = b"%s%scontent-length: %d\r\n%s%s%s\r\n%s"
_ALWAYS = _lines(HEADERS)
_CLOSE = b"connection: close\r\n"


class ImpatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for a first request for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give whoever connects a while to ask something."""
        super().connection_made(transport)
        self.loop.call_later(ASKS_WITHIN_S, self._let_go)

    def _let_go(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


class _Held:
    """A request on the short way that is not yet answered."""

    __slots__ = ("began", "cycle", "way")

    def __init__(self, cycle: RequestResponseCycle, way: ShortWay) -> None:
        self.began = perf_counter()
        self.cycle = cycle
        self.way = way


class ShortWayProtocol(ImpatientProtocol):
    """Answers what has a short way.

    Parsing, pipelining and keeping alive are uvicorn's; this stands in for the task it would start
    when a request's headers are there, and for what that would send.
    """

    _edge: Edge
    _held: _Held | None = None
    """A request whose body is still coming."""
    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection."""
        self._edge = self.config.app.edge  # type: ignore[union-attr]
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Read on; a body that does not come with its headers has to come in a while."""
        super().data_received(data)
        if self._held is not None and self._waits is None:
            self._waits = self.loop.call_later(WITHIN_S, self._give_up, TooSlowError())

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is under way."""
        super().connection_lost(exc)
        self._give_up(MalformedError())  # nobody is left to be told

    def on_message_complete(self) -> None:
        """Answer what is now there."""
        super().on_message_complete()
        held = self._released()
        if held is not None:
            self._answer(held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        plain = cycle.keep_alive and not (cycle.waiting_for_100_continue or self.flow.write_paused)
        way = self._edge.shortcuts.find(cycle.scope) if plain else None  # type: ignore[arg-type]
        if way is None:
            super()._start_asgi_task(cycle, app)
            return
        held = _Held(cycle, way)
        try:
            self._edge.enter()
        except Exception as error:  # noqa: BLE001  answered, as every error
            self._refuse(held, error)
            return
        if cycle.more_body:
            self._held = held
        else:
            self._answer(held)

    def _released(self) -> _Held | None:
        held, self._held = self._held, None
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
        return held

    def _give_up(self, error: Exception) -> None:
        held = self._released()
        if held is not None:
            self._refuse(held, error)

    def _answer(self, held: _Held) -> None:
        def answered(answer: Answer | Exception) -> None:
            if isinstance(answer, Exception):
                self._refuse(held, answer)
            else:
                self._write(held, answer)

        try:
            held.way(bytes(held.cycle.body), answered)
        except Exception as error:  # noqa: BLE001  answered, as every error
            self._refuse(held, error)

    def _refuse(self, held: _Held, error: Exception) -> None:
        told = self._edge.answer_to(error)
        headers = [one for one in told.raw_headers if one[0] != b"content-length"]
        # Not from here: among requests sent at once each refusal would call the next, ever deeper.
        self.loop.call_soon(self._write, held, (told.status_code, bytes(told.body), headers))
        if isinstance(error, TooBusyError):
            self.loop.call_soon(self._rest)

    def _rest(self) -> None:
        """Hear nothing more of whoever was told to come again in a while, until that has passed."""
        if not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(RETRY_AFTER_S, self._hear)

    def _hear(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _write(self, held: _Held, answer: Answer) -> None:
        status, body, more = answer
        cycle = held.cycle
        if not cycle.disconnected:
            self.transport.write(
                _HEAD
                % (
                    STATUS_LINE[status],
                    _lines(cycle.default_headers),
                    len(body),
                    _lines(more),
                    _ALWAYS,
                    b"" if cycle.keep_alive else _CLOSE,
                    body,
                )
            )
            cycle.response_started = cycle.response_complete = True
            if not cycle.keep_alive:
                self.transport.close()
            self.on_response_complete()
        self._edge.leave(cycle.scope, status, perf_counter() - held.began)  # type: ignore[arg-type]


def allow_many() -> None:
    """Let this process hold as many connections open as the system permits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
