"""The short way for the requests of the rush hour: intake, steps, batches, look-ups.

The framework's layers cost five times what an intake itself does. A request of the plain form goes
past them: a key that was good a moment ago, JSON, a code as it stands on a slip, no parameters.
Whatever is not so plain goes the framework's way, which is declared for all of them and gives the
same answers by the same functions; the tests hold both ways to the same words.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope

from tracker.adapters.http.bodies import JSON, Bodies, parsed
from tracker.adapters.http.doors import SignedIn
from tracker.adapters.http.incoming import HAPPENING, Message, addressed
from tracker.adapters.http.limits import address_of
from tracker.adapters.http.public import PublicLookUps
from tracker.adapters.http.writing import Writing, as_json, located, status_of
from tracker.application.messages import INTAKE
from tracker.application.posts import Post
from tracker.domain.actors import Actor

Headers = Sequence[tuple[bytes, bytes]]
Answer = tuple[int, bytes, Headers]
"""A status, a body in JSON, and headers beside those of every answer."""

ShortWay = Callable[[Scope, Receive], Awaitable[Answer]]
"""Gives the answer to a request, or raises what the edge answers as an error."""

_INTAKE = "/v1/dossiers"
_STEP = re.compile(r"/v1/dossiers/([A-Z0-9.-]{3,60})/events", re.ASCII)
_LOOK_UP = re.compile(r"/v1/lookup/([A-Z0-9.-]{3,60})", re.ASCII)
_BEARER = b"Bearer "
_JSON = JSON.encode()
_NOT_PLAIN = frozenset({b"content-encoding", b"if-match"})
_NO_MORE: Headers = ()


@dataclass(frozen=True)
class _Template:
    """What the metrics call a request."""

    path: str


_INTAKES = _Template(_INTAKE)
_STEPS = _Template("/v1/dossiers/{code}/events")
_LOOK_UPS = _Template("/v1/lookup/{code}")


class Shortcuts:
    """Knows which requests have a short way, and serves them."""

    def __init__(
        self, signed_in: SignedIn, bodies: Bodies, writing: Writing, look_ups: PublicLookUps
    ) -> None:
        """Serve with the very parts that the framework's routes are made of."""
        self._signed_in = signed_in
        self._bodies = bodies
        self._writing = writing
        self._look_ups = look_ups

    def find(self, scope: Scope) -> ShortWay | None:
        """Give the short way of this request, where it has one."""
        if scope["type"] != "http" or scope["query_string"]:
            return None
        path = scope["path"]
        if scope["method"] == "GET":
            code = _LOOK_UP.fullmatch(path)
            return self._look_up(code[1]) if code else None
        if scope["method"] != "POST":
            return None
        if path == _INTAKE:
            return self._posting(scope, _INTAKES, _intake)
        code = _STEP.fullmatch(path)
        if code is None:
            return None
        return self._posting(scope, _STEPS, lambda raw: addressed(parsed(raw, HAPPENING), code[1]))

    def _look_up(self, code: str) -> ShortWay:
        async def answer(scope: Scope, _receive: Receive) -> Answer:
            scope["route"] = _LOOK_UPS
            return 200, await self._look_ups.answer(code, address_of(scope)), _NO_MORE

        return answer

    def _posting(
        self, scope: Scope, template: _Template, read: Callable[[bytes], Message]
    ) -> ShortWay | None:
        sender = self._sender(scope["headers"])
        if sender is None:
            return None

        async def answer(scope: Scope, receive: Receive) -> Answer:
            scope["route"] = template
            scope.setdefault("state", {})["actor"] = sender
            message = read(await self._bodies.received(receive))
            accepted = await self._writing.one(Post(sender, message))
            more = [(name.encode(), value.encode()) for name, value in located(accepted)]
            return status_of(accepted), as_json(accepted), more

        return answer

    def _sender(self, headers: Iterable[tuple[bytes, bytes]]) -> Actor | None:
        """Give who sends plain JSON with a key known just now; `None` for anything else."""
        key, is_json = b"", False
        for name, value in headers:
            if name == b"authorization":
                key = value
            elif name == b"content-type":
                is_json = value == _JSON
            elif name in _NOT_PLAIN:
                return None
        if not (is_json and key.startswith(_BEARER)):
            return None
        return self._signed_in.known(key.removeprefix(_BEARER))


def _intake(raw: bytes) -> Message:
    return parsed(raw, INTAKE)
