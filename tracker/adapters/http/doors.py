"""Who may enter a route. Every route says it: `open_to_all`, a `SignedIn`, or one of the desk's."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tracker.adapters.http.parts import Keys
from tracker.adapters.http.problems import UnknownKeyError
from tracker.adapters.http.sessions import Sessions
from tracker.domain.actors import Actor
from tracker.domain.errors import UnknownError

_bearer = HTTPBearer(
    scheme_name="key", description="A key made with `tracker keys`.", auto_error=False
)
_KNOWN_FOR = timedelta(seconds=1)
_MOST_KNOWN = 1_000
_CHANGING_NOTHING = frozenset({"GET", "HEAD"})


async def open_to_all() -> None:
    """Let everybody in; said aloud."""


class KnownActors:
    """Tells whose a key is.

    One found good is not looked up again for a second, so a revoked one may serve that long.
    """

    def __init__(self, keys: Keys, now: Callable[[], datetime]) -> None:
        """Ask these keys."""
        self._keys = keys
        self._now = now
        self._known: dict[bytes, tuple[datetime, Actor]] = {}

    async def of_key(self, key: str) -> Actor:
        """Give who was given this key. Raises `UnknownKeyError`."""
        return await self._remembered(key, self._keys.actor_of)

    async def of_session(self, key_id: str) -> Actor:
        """Give who holds the key of this id, as long as it is good. Raises `UnknownKeyError`."""
        return await self._remembered(key_id, self._keys.holder_of)

    async def _remembered(self, name: str, ask: Callable[[str], Actor]) -> Actor:
        now = self._now()
        digest = hashlib.sha256(f"{ask.__name__} {name}".encode()).digest()
        since, actor = self._known.get(digest, (None, None))
        if actor is not None and since is not None and since <= now < since + _KNOWN_FOR:
            return actor
        try:
            actor = await run_in_threadpool(ask, name)
        except UnknownError:
            raise UnknownKeyError from None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = (now, actor)
        return actor


class SignedIn:
    """Lets in whoever shows a key that is known. What they may do, the domain decides.

    To read, the cookie of somebody who signed in at the desk will do as well; never to write: a
    browser sends cookies whoever made it send them, and only the desk's own forms prove who did.
    """

    def __init__(self, actors: KnownActors, sessions: Sessions) -> None:
        """Ask these."""
        self._actors = actors
        self._sessions = sessions

    async def __call__(
        self,
        request: Request,
        shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Actor:
        """Give the actor. Raises `UnknownKeyError`."""
        session = self._sessions.of(request) if request.method in _CHANGING_NOTHING else None
        if shown is not None:
            actor = await self._actors.of_key(shown.credentials)
        elif session is not None:
            actor = await self._actors.of_session(session.key_id)
        else:
            raise UnknownKeyError
        request.state.actor = actor
        return actor
