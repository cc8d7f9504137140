"""The outermost layer: limit the requests in progress, add headers, count and log."""

import logging
import traceback
from http import HTTPStatus
from time import perf_counter
from typing import Final, Protocol

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.schema.bodies import ClientGoneError
from tracker.adapters.http.schema.problems import (
    FORESEEN,
    RETRY_AFTER_S,
    RepeatedHeaderError,
    TooBusyError,
    answer_error,
)
from tracker.adapters.http.server.fast_path import Answer, FastPath

HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
]
"""On every answer, unless the route says otherwise."""

GUARD: Final = "tracker.guard"
"""The key of the connection's guard in the state of the ASGI scope."""

_ONCE: Final = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"cookie",
        b"expect",
        b"host",
        b"idempotency-key",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-unmodified-since",
        b"origin",
        b"range",
        b"referer",
        b"sec-fetch-site",
        b"transfer-encoding",
        b"user-agent",
    }
)
"""If such a header occurred twice, two programs could read different values."""

_FIRST_ERROR: Final = 400
_SLOW_S: Final = 1.0
MOST_IN_PROGRESS: Final = 1_500

_log = structlog.get_logger("tracker.http")


class _Guard(Protocol):
    """What the middleware reports to the guard of a connection."""

    def begin_answer(self) -> None: ...
    def finish_answer(self) -> None: ...
    def rest(self, seconds: float, /) -> None: ...
    def is_closed(self) -> bool: ...


class _NoGuard:
    """Takes the place of the guard under a server that has none."""

    def begin_answer(self) -> None:
        return

    def finish_answer(self) -> None:
        return

    def rest(self, _seconds: float) -> None:
        return

    def is_closed(self) -> bool:
        return False


_NO_GUARD: Final = _NoGuard()


class Middleware:
    """Serves the requests of the rush hour on the fast path, all others by the framework.

    It logs failed and slow requests, and the others only at level DEBUG: in the rush hour the log
    would cost more than the work. It never logs a code, a name or a body.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, fast_path: FastPath, most: int = MOST_IN_PROGRESS
    ) -> None:
        """Serve by `app` what the fast path does not; refuse above `most` concurrent requests."""
        self.in_progress = 0
        self.metrics = metrics
        self.fast_path = fast_path
        self._app = app
        self._most = most
        self._logs_all = logging.getLogger("tracker.http").isEnabledFor(logging.DEBUG)
        metrics.watch_requests(lambda: self.in_progress)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and always report its end to the counters and to the guard."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guard: _Guard = scope.setdefault("state", {}).get(GUARD, _NO_GUARD)
        exchange = _Exchange(self, guard, receive, send)
        began = perf_counter()
        self.in_progress += 1
        try:
            await self._serve(scope, exchange)
        except Exception:
            if not guard.is_closed():
                raise
        finally:
            self.in_progress -= 1
            self._note(scope, exchange.status, perf_counter() - began)
            guard.finish_answer()

    def check_room(self) -> None:
        """Raise `TooBusyError` if more requests are in progress than the limit."""
        if self.in_progress > self._most:
            raise TooBusyError

    def answer_to(self, error: Exception) -> Answer:
        """Return the answer to an error. Log an unforeseen error."""
        # The text of an error may contain personal data, so the log has only its type and place.
        kind = type(error)
        if not issubclass(kind, FORESEEN):
            _log.error(
                "broken",
                error=kind.__name__,
                at="".join(traceback.format_tb(error.__traceback__)),
            )
        return _plain(answer_error(error))

    async def _serve(self, scope: Scope, exchange: "_Exchange") -> None:
        try:
            if self.in_progress > self._most:
                exchange.guard.rest(RETRY_AFTER_S)
                await exchange.answer(_BUSY)
                return
            _check_headers(scope)
            serve = self.fast_path.find(scope)
            if serve is None:
                await self._app(scope, exchange.receive, exchange.send)
                return
            answer = await serve(exchange.receive_now)
        except ClientGoneError:
            return
        except Exception as error:
            answer = self.answer_to(error)
            if exchange.status:
                raise
            if isinstance(error, TooBusyError):
                exchange.guard.rest(RETRY_AFTER_S)
        await exchange.answer(answer)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self.metrics.observe_http(route, status, seconds)
        is_fine = 0 < status < _FIRST_ERROR and seconds < _SLOW_S
        if is_fine and not self._logs_all:
            return
        actor = scope["state"].get("actor")
        (_log.debug if is_fine else _log.info)(
            "request",
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            actor=actor.id if actor else None,
        )


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_has_body", "_middleware", "_receive", "_send", "guard", "receive_now", "status")

    def __init__(self, middleware: Middleware, guard: _Guard, receive: Receive, send: Send) -> None:
        self.guard = guard
        self.status = 0
        self.receive_now = receive
        self._middleware = middleware
        self._receive = receive
        self._send = send
        self._has_body = False

    async def receive(self) -> Message:
        """Return the next part of the body. A request that waits for it is not in progress."""
        if self._has_body:
            return await self._receive()
        self._middleware.in_progress -= 1
        try:
            message = await self._receive()
        finally:
            self._middleware.in_progress += 1
        self._has_body = not message.get("more_body", False)
        if self._has_body and message["type"] == "http.request":
            self._middleware.check_room()
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.guard.begin_answer()
            headers = [*message["headers"]]
            names = {name for name, _ in headers}
            headers += [header for header in HEADERS if header[0] not in names]
            message["headers"] = headers
        await self._send(message)

    async def answer(self, answer: Answer) -> None:
        """Send a whole answer."""
        self.status, body, headers = answer
        self.guard.begin_answer()
        await self._send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*headers, *HEADERS],
            }
        )
        await self._send({"type": "http.response.body", "body": body})


def _plain(answer: Response) -> Answer:
    return answer.status_code, bytes(answer.body), answer.raw_headers


def answer_as_bytes(error: Exception) -> bytes:
    """Return the answer to an error as it is sent on a connection that is closed afterwards."""
    status, body, headers = _plain(answer_error(error))
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%s: %s" % header for header in (*headers, *HEADERS, (b"connection", b"close"))]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


_BUSY: Final = _plain(answer_error(TooBusyError()))
"""The answer above the limit, made once, so that a flood costs little."""


def _check_headers(scope: Scope) -> None:
    """Raise `RepeatedHeaderError` if a header that may occur only once occurs twice."""
    headers = scope["headers"]
    if len({name for name, _ in headers}) == len(headers):
        return
    names = [name for name, _ in headers]
    if any(names.count(name) > 1 for name in _ONCE):
        raise RepeatedHeaderError
