"""Authentication of requests. Every route declares it; public routes declare `open_to_all`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tracker.adapters.http.auth.sessions import Session, Sessions
from tracker.adapters.http.dependencies import Keys
from tracker.adapters.http.rate_limits import Limits, address_of
from tracker.adapters.http.schema.problems import UnknownKeyError
from tracker.application.queries.citizen_access import CitizenAccess, NotYoursError
from tracker.application.queries.citizen_view import CitizenView
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import tidied
from tracker.domain.errors import UnknownError

_bearer = HTTPBearer(
    scheme_name="key", description="A key made with `tracker keys`.", auto_error=False
)
_REFUSAL_S = 0.4
_CACHED_FOR = timedelta(seconds=1)
_CACHED_AT_MOST = timedelta(seconds=5)
_ZERO = timedelta()
_MAX_CACHED = 1_000
_READ_METHODS = frozenset({"GET", "HEAD"})


@asynccontextmanager
async def uniform_refusal_time() -> AsyncIterator[None]:
    """Delay a refusal to a fixed duration, so that the duration does not reveal the reason."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        yield
    except NotYoursError:
        await asyncio.sleep(began + _REFUSAL_S - loop.time())
        raise


async def open_to_all() -> None:
    """Allow every request. A public route declares this."""


@dataclass(frozen=True)
class BrowserSession:
    """A session of a browser and the actor who is signed in."""

    actor: Actor
    session: Session


class BrowserSessions:
    """Finds who is signed in at a browser: the current holder of the key of its session."""

    def __init__(self, keys: Keys, sessions: Sessions) -> None:
        """Find the holders in `keys`."""
        self._keys = keys
        self._sessions = sessions

    async def of(self, request: Request) -> BrowserSession | None:
        """Return the session, or `None` if there is none, it has ended, or its key is revoked."""
        session = self._sessions.of(request)
        if session is None:
            return None
        actor = await run_in_threadpool(self._holder, session)
        return BrowserSession(actor, session) if actor else None

    def _holder(self, session: Session) -> Actor | None:
        if not self._sessions.is_open(session):
            return None
        try:
            return self._keys.holder_of(session.key_id)
        except UnknownError:
            return None


class ReceiptAuth:
    """Authenticates the holder of a receipt by the token in the address.

    Every refusal takes the same time, whatever the reason.
    """

    def __init__(self, citizens: CitizenAccess, limits: Limits) -> None:
        """Check tokens with `citizens`; limit wrong tokens with `limits`."""
        self._citizens = citizens
        self._limits = limits

    async def __call__(self, request: Request, code: str, token: str) -> CitizenView:
        """Return the view of the dossier. Raise `NotYoursError`, `TooOftenError`.

        Only wrong tokens count against the limits, so a receipt always opens its dossier.
        """
        async with uniform_refusal_time():
            try:
                return await run_in_threadpool(self._citizens.open, code, token)
            except NotYoursError:
                self._limits.check(tidied(code), address_of(request.scope))
                raise


class ApiKeyAuth:
    """Authenticates the holder of an API key. The domain decides what the holder may do.

    A valid key is cached for one second, and for at most five seconds while it is being checked
    again. A revoked key works for this long.
    A session of the desk may read too, but never write: a browser sends its cookies with requests
    that other sites cause. Only the forms of the desk prove that its own page sent a request.
    """

    def __init__(
        self, keys: Keys, browser_sessions: BrowserSessions, now: Callable[[], datetime]
    ) -> None:
        """Find the holders in `keys`, and the sessions of browsers in `browser_sessions`."""
        self._keys = keys
        self._browser_sessions = browser_sessions
        self._now = now
        self._checks: dict[bytes, asyncio.Task[Actor]] = {}
        self._cached: dict[bytes, tuple[datetime, Actor]] = {}

    async def __call__(
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Actor:
        """Return the actor of the request. Raise `UnknownKeyError`."""
        if credentials is not None:
            actor = await self._actor_of(credentials.credentials)
        elif request.method in _READ_METHODS and (
            session := await self._browser_sessions.of(request)
        ):
            actor = session.actor
        else:
            raise UnknownKeyError
        request.state.actor = actor
        return actor

    def known(self, key: bytes) -> Actor | None:
        """Return the actor of a cached key, or `None`. Call this on the event loop.

        A key in use is checked again before it expires, so that its requests do not wait.
        """
        digest = hashlib.sha256(key).digest()
        cached = self._cached.get(digest)
        if cached is None:
            return None
        since, actor = cached
        age = self._now() - since
        limit = _CACHED_AT_MOST if digest in self._checks else _CACHED_FOR
        if not _ZERO <= age < limit:
            return None
        if age >= _CACHED_FOR / 2:
            self._checked(key.decode(), digest)
        return actor

    async def _actor_of(self, key: str) -> Actor:
        raw = key.encode()
        digest = hashlib.sha256(raw).digest()
        known = self.known(raw)
        if known is None:
            known = await asyncio.shield(self._checked(key, digest))
        return known

    def _checked(self, key: str, digest: bytes) -> asyncio.Task[Actor]:
        """Return the task that checks a key; concurrent requests with the same key share it."""

        def forget(task: asyncio.Task[Actor]) -> None:
            del self._checks[digest]
            if not task.cancelled():
                task.exception()  # retrieved: asyncio logs an error that no request awaits

        if digest not in self._checks:
            self._checks[digest] = asyncio.create_task(self._check(key, digest))
            self._checks[digest].add_done_callback(forget)
        return self._checks[digest]

    async def _check(self, key: str, digest: bytes) -> Actor:
        now = self._now()
        try:
            actor = await run_in_threadpool(self._keys.actor_of, key)
        except UnknownError:
            self._cached.pop(digest, None)
            raise UnknownKeyError from None
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        self._cached[digest] = (now, actor)
        return actor


async def signed_in(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Actor:
    """Return the actor of the request, by the `ApiKeyAuth` of its application.

    Raise `UnknownKeyError`.
    """
    api_key_auth: ApiKeyAuth = request.app.state.api_key_auth
    return await api_key_auth(request, credentials)


SignedIn = Annotated[Actor, Depends(signed_in)]
