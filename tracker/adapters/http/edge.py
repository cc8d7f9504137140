"""The outermost layer: what every answer bears, what is noted of every request."""

import traceback
from time import perf_counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.problems import answer_error

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""On every answer, unless the route says otherwise."""

_log = structlog.get_logger("tracker.http")


class Edge:
    """Sets headers, times, and notes one line a request: never a code, a name or a body."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Stand around this application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through; what nobody else has answered is answered as an error here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def send_out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_out)
        except Exception as error:
            # The error's own words may hold what was sent, so only its kind and place are noted.
            _log.error(
                "broken",
                error=type(error).__name__,
                at="".join(traceback.format_tb(error.__traceback__)),
            )
            if status:
                raise
            await answer_error(Request(scope), error)(scope, receive, send_out)
        finally:
            seconds = perf_counter() - began
            route = getattr(scope.get("route"), "path", "none")
            actor = scope.get("state", {}).get("actor")
            self._metrics.observe_http(route, status, seconds)
            _log.info(
                "request",
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                actor=actor.id if actor else None,
            )
