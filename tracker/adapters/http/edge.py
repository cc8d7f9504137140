"""The outermost layer: what every answer bears, what is noted of every request."""

import logging
import traceback
from time import perf_counter

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tracker.adapters.http.group_commit import TooBusyError
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.problems import FORESEEN, answer_error
from tracker.adapters.http.shortcuts import Shortcuts

HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
]
"""On every answer, unless the route says otherwise."""

_FIRST_ERROR = 400
_SLOW_S = 1.0
MOST_INSIDE = 1_500

_log = structlog.get_logger("tracker.http")


class Edge:
    """Sets headers, times, and notes requests: never a code, a name or a body.

    What failed or was slow is noted line by line, the rest only at level DEBUG: in the rush hour
    its lines would cost more than its work, and the metrics count it all.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, shortcuts: Shortcuts, most: int = MOST_INSIDE
    ) -> None:
        """Stand around this application; the server's protocol asks here for `shortcuts`.

        Past `most` requests under way whoever comes is told so at once: waiting longer and longer
        would help nobody.
        """
        self._inside = 0
        self._most = most
        self._app = app
        self.metrics = metrics
        self.shortcuts = shortcuts
        self._notes_all = logging.getLogger("tracker.http").isEnabledFor(logging.DEBUG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through; what nobody else has answered is answered as an error here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        try:
            self.enter()
            app = self._app
        except TooBusyError as error:
            app = self.answer_to(error)
        await self._serve(app, began, scope, receive, send)

    def enter(self) -> None:
        """Count one more request under way, to `leave` in any case. Raises `TooBusyError`."""
        self._inside += 1
        if self._inside > self._most:
            raise TooBusyError

    def leave(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one less, and note what became of it."""
        self._inside -= 1
        route = getattr(scope.get("route"), "path", "none")
        self.metrics.observe_http(route, status, seconds)
        is_fine = 0 < status < _FIRST_ERROR and seconds < _SLOW_S
        if is_fine and not self._notes_all:
            return
        actor = scope.get("state", {}).get("actor")
        (_log.debug if is_fine else _log.info)(
            "request",
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            actor=actor.id if actor else None,
        )

    def answer_to(self, error: Exception) -> Response:
        """Word the answer to an error; what nobody foresaw is noted."""
        # The error's own words may hold what was sent, so only its kind and place are noted.
        kind = type(error)
        if not issubclass(kind, FORESEEN):
            _log.error(
                "broken",
                error=kind.__name__,
                at="".join(traceback.format_tb(error.__traceback__)),
            )
        return answer_error(error)

    async def _serve(
        self, app: ASGIApp, began: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        status = 0

        async def send_out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"]]
                there = {name for name, _ in headers}
                headers += [one for one in HEADERS if one[0] not in there]
                message["headers"] = headers
            await send(message)

        try:
            await app(scope, receive, send_out)
        except Exception as error:
            answer = self.answer_to(error)
            if status:
                raise
            await answer(scope, receive, send_out)
        finally:
            self.leave(scope, status, perf_counter() - began)
