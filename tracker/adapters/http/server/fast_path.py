"""The fast path for the requests of the rush hour: intakes, steps, look-ups.

The layers of the framework cost several times as much as an intake itself. The fast path serves a
request of the common form directly: a key that was valid a moment ago, a JSON body, no parameters.
The framework serves all other requests. Both use the same functions, and the tests compare their
answers.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.types import Receive, Scope

from tracker.adapters.http.api.commands import CommandApi, as_json, located, status_of
from tracker.adapters.http.api.lookup import BatchedLookUps
from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema.bodies import JSON, BodyReader, parsed
from tracker.adapters.http.schema.requests import STEP_OR_INTAKE, Command, addressed
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import INTAKE
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import tidied

Answer = tuple[int, bytes, Sequence[tuple[bytes, bytes]]]
"""Status, body, and headers, without those that every answer has."""

Serve = Callable[[Receive], Awaitable[Answer]]
"""Reads the body and returns the answer, or raises an error that the middleware answers."""

MOST_BYTES = 60_000
"""The framework serves requests with a larger body."""

_INTAKE = "/v1/dossiers"
_STEP = re.compile(r"/v1/dossiers/([A-Z0-9.-]{3,60})/events", re.ASCII)
_LOOK_UP = re.compile(r"/v1/lookup/([A-Z0-9.-]{3,60})", re.ASCII)
_BEARER = b"Bearer "
_JSON = JSON.encode()
_NOT_PLAIN = frozenset({b"content-encoding", b"expect", b"if-match", b"transfer-encoding"})


@dataclass(frozen=True)
class _Route:
    """The name of a route in the metrics."""

    path: str


_INTAKES = _Route(_INTAKE)
_STEPS = _Route("/v1/dossiers/{code}/events")
_LOOK_UPS = _Route("/v1/lookup/{code}")


class FastPath:
    """Finds the requests of the common form and serves them."""

    def __init__(
        self,
        signed_in: ApiKeyAuth,
        bodies: BodyReader,
        writing: CommandApi,
        look_ups: BatchedLookUps,
    ) -> None:
        """Serve with the same parts as the routes of the framework."""
        self._signed_in = signed_in
        self._bodies = bodies
        self._writing = writing
        self._look_ups = look_ups

    def find(self, scope: Scope) -> Serve | None:
        """Return what serves this request, or `None` if the framework must. Set its route."""
        if scope["query_string"]:
            return None
        path = scope["path"]
        if scope["method"] == "GET":
            code = _LOOK_UP.fullmatch(path)
            return self._look_up(scope, code[1]) if code else None
        if scope["method"] != "POST":
            return None
        if path == _INTAKE:
            return self._post(scope, _INTAKES, _intake)
        code = _STEP.fullmatch(path)
        if code is None:
            return None
        return self._post(
            scope, _STEPS, lambda raw: addressed(parsed(raw, STEP_OR_INTAKE), code[1])
        )

    def _look_up(self, scope: Scope, code: str) -> Serve:
        scope["route"] = _LOOK_UPS

        async def serve(_receive: Receive) -> Answer:
            body = await self._look_ups.answer(tidied(code), address_of(scope))
            return 200, body, _headers(body)

        return serve

    def _post(self, scope: Scope, route: _Route, read: Callable[[bytes], Command]) -> Serve | None:
        sender = self._sender(scope["headers"])
        if sender is None:
            return None
        scope["route"] = route
        scope["state"]["actor"] = sender

        async def serve(receive: Receive) -> Answer:
            command = read(await self._bodies.received_at_once(receive))
            accepted = await self._writing.store(Envelope(sender, command))
            body = as_json(accepted)
            headers = [(name.encode(), value.encode()) for name, value in located(accepted)]
            return status_of(accepted), body, [*headers, *_headers(body)]

        return serve

    def _sender(self, headers: Iterable[tuple[bytes, bytes]]) -> Actor | None:
        """Return the sender of plain JSON with a cached key, or `None`."""
        key, is_json, is_small = b"", False, False
        for name, value in headers:
            if name == b"authorization":
                key = value
            elif name == b"content-type":
                is_json = value == _JSON
            elif name == b"content-length":
                is_small = int(value) <= MOST_BYTES  # the server has checked that it is a number
            elif name in _NOT_PLAIN:
                return None
        if not (is_json and is_small and key.startswith(_BEARER)):
            return None
        return self._signed_in.known(key.removeprefix(_BEARER))


def _intake(raw: bytes) -> Command:
    return parsed(raw, INTAKE)


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of a JSON body, in the order of the framework."""
    return [(b"content-length", b"%d" % len(body)), (b"content-type", _JSON)]
