"""The short way for the requests of the rush hour: intake, steps, look-ups.

The framework's layers cost five times what an intake itself does. A request of the plain form goes
past them: a key that was good a moment ago, JSON, a code as it stands on a slip, no parameters.
Whatever is not so plain goes the framework's way, which is declared for all of them and gives the
same answers by the same functions; the tests hold both ways to the same words.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.types import Scope

from tracker.adapters.http.bodies import JSON, parsed
from tracker.adapters.http.doors import SignedIn
from tracker.adapters.http.group_commit import Result
from tracker.adapters.http.incoming import HAPPENING, Message, addressed
from tracker.adapters.http.limits import address_of
from tracker.adapters.http.public import PublicLookUps
from tracker.adapters.http.writing import Writing, as_json, located, status_of
from tracker.application.messages import INTAKE
from tracker.application.posts import Post
from tracker.domain.actors import Actor

Answer = tuple[int, bytes, Sequence[tuple[bytes, bytes]]]
"""A status, a body, and headers beside those of every answer and the body's length."""

Answered = Callable[[Answer | Exception], None]
ShortWay = Callable[[bytes, Answered], None]
"""Takes a whole body and calls back, once and later, with the answer or what stands against it.

Raises what can be said at once.
"""

MOST_BYTES = 60_000
"""A larger body goes the framework's way, which reads no more of it than it can hold."""

_INTAKE = "/v1/dossiers"
_STEP = re.compile(r"/v1/dossiers/([A-Z0-9.-]{3,60})/events", re.ASCII)
_LOOK_UP = re.compile(r"/v1/lookup/([A-Z0-9.-]{3,60})", re.ASCII)
_BEARER = b"Bearer "
_JSON = JSON.encode()
_AS_JSON = (b"content-type", _JSON)
_NOT_PLAIN = frozenset({b"content-encoding", b"if-match", b"transfer-encoding"})
_FORWARDED = b"x-forwarded-"


@dataclass(frozen=True)
class _Template:
    """What the metrics call a request."""

    path: str


_INTAKES = _Template(_INTAKE)
_STEPS = _Template("/v1/dossiers/{code}/events")
_LOOK_UPS = _Template("/v1/lookup/{code}")


class Shortcuts:
    """Knows which requests have a short way, and serves them."""

    def __init__(self, signed_in: SignedIn, writing: Writing, look_ups: PublicLookUps) -> None:
        """Serve with the very parts that the framework's routes are made of."""
        self._signed_in = signed_in
        self._writing = writing
        self._look_ups = look_ups

    def find(self, scope: Scope) -> ShortWay | None:
        """Give the short way of this request, where it has one, and name its route."""
        if scope["query_string"]:
            return None
        path = scope["path"]
        if scope["method"] == "GET":
            code = _LOOK_UP.fullmatch(path)
            return self._look_up(scope, code[1]) if code else None
        if scope["method"] != "POST":
            return None
        if path == _INTAKE:
            return self._posting(scope, _INTAKES, _intake)
        code = _STEP.fullmatch(path)
        if code is None:
            return None
        return self._posting(scope, _STEPS, lambda raw: addressed(parsed(raw, HAPPENING), code[1]))

    def _look_up(self, scope: Scope, code: str) -> ShortWay | None:
        if any(name.startswith(_FORWARDED) for name, _ in scope["headers"]):
            return None  # who asks is then for the server to say
        scope["route"] = _LOOK_UPS

        def take(_body: bytes, answered: Answered) -> None:
            self._look_ups.begin(code, address_of(scope), lambda told: answered(_looked_up(told)))

        return take

    def _posting(
        self, scope: Scope, template: _Template, read: Callable[[bytes], Message]
    ) -> ShortWay | None:
        sender = self._sender(scope["headers"])
        if sender is None:
            return None
        scope["route"] = template
        scope["state"]["actor"] = sender

        def take(body: bytes, answered: Answered) -> None:
            self._writing.begin(Post(sender, read(body)), lambda result: answered(_posted(result)))

        return take

    def _sender(self, headers: Iterable[tuple[bytes, bytes]]) -> Actor | None:
        """Give who sends plain JSON with a key known just now; `None` for anything else."""
        key, is_json, is_small = b"", False, False
        for name, value in headers:
            if name == b"authorization":
                key = value
            elif name == b"content-type":
                is_json = value == _JSON
            elif name == b"content-length":
                is_small = int(value) <= MOST_BYTES  # the server has seen that it is a number
            elif name in _NOT_PLAIN:
                return None
        if not (is_json and is_small and key.startswith(_BEARER)):
            return None
        return self._signed_in.known(key.removeprefix(_BEARER))


def _intake(raw: bytes) -> Message:
    return parsed(raw, INTAKE)


def _posted(result: Result) -> Answer | Exception:
    if isinstance(result, Exception):
        return result
    headers = [(name.encode(), value.encode()) for name, value in located(result)]
    return status_of(result), as_json(result), [_AS_JSON, *headers]


def _looked_up(told: bytes | Exception) -> Answer | Exception:
    return told if isinstance(told, Exception) else (200, told, (_AS_JSON,))
