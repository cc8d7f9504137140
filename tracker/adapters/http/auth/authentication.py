"""Who may enter a route. Every route says it: `open_to_all`, or who must be let in."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Request, Security
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
_REFUSED_AFTER_S = 0.4
_KNOWN_FOR = timedelta(seconds=1)
_KNOWN_AT_MOST = timedelta(seconds=5)
_NO_TIME = timedelta()
_MOST_KNOWN = 1_000
_CHANGING_NOTHING = frozenset({"GET", "HEAD"})


@asynccontextmanager
async def uniform_refusal_time() -> AsyncIterator[None]:
    """Let a refusal come at the same moment, so that its time does not tell its reason."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        yield
    except NotYoursError:
        await asyncio.sleep(began + _REFUSED_AFTER_S - loop.time())
        raise


async def open_to_all() -> None:
    """Let everybody in; said aloud."""


@dataclass(frozen=True)
class BrowserSession:
    """Somebody signed in at a browser, and their session."""

    actor: Actor
    session: Session


class BrowserSessions:
    """Tells who is signed in at a browser: who holds the key of its session now."""

    def __init__(self, keys: Keys, sessions: Sessions) -> None:
        """Ask these."""
        self._keys = keys
        self._sessions = sessions

    async def of(self, request: Request) -> BrowserSession | None:
        """Return the visit, unless there is no session, it has ended, or its key was revoked."""
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
    """Lets in whoever shows a dossier's receipt, whose token stands in the address.

    Whoever is turned away is so at the same moment, whatever was wrong.
    """

    def __init__(self, citizens: CitizenAccess, limits: Limits) -> None:
        """Ask here who may see which dossier, and nobody too often."""
        self._citizens = citizens
        self._limits = limits

    async def __call__(self, request: Request, code: str, token: str) -> CitizenView:
        """Return the dossier. Raise `NotYoursError`, `TooOftenError`.

        Only wrong tokens are counted: whatever others ask, the receipt opens its dossier.
        """
        async with uniform_refusal_time():
            try:
                return await run_in_threadpool(self._citizens.open, code, token)
            except NotYoursError:
                self._limits.check(tidied(code), address_of(request.scope))
                raise


class ApiKeyAuth:
    """Lets in whoever shows a key that is known. What they may do, the domain decides.

    A key found good is not waited for again for a second; in a rush, while it is looked up again,
    for five at most. So long a revoked one may serve.
    To read, having signed in at the desk will do as well; never to write: a browser sends its
    cookies whoever made it send them, and only the desk's own forms prove who did.
    """

    def __init__(self, keys: Keys, visits: BrowserSessions, now: Callable[[], datetime]) -> None:
        """Ask these."""
        self._keys = keys
        self._visits = visits
        self._now = now
        self._looking: dict[bytes, asyncio.Task[Actor]] = {}
        self._known: dict[bytes, tuple[datetime, Actor]] = {}

    async def __call__(
        self,
        request: Request,
        shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Actor:
        """Return the actor. Raise `UnknownKeyError`."""
        if shown is not None:
            actor = await self._actor_of(shown.credentials)
        elif request.method in _CHANGING_NOTHING and (visit := await self._visits.of(request)):
            actor = visit.actor
        else:
            raise UnknownKeyError
        request.state.actor = actor
        return actor

    def known(self, key: bytes) -> Actor | None:
        """Return the actor of a key that was found good a moment ago. Called on the event loop.

        A key in use is looked up again in good time, so that it need not be waited for.
        """
        digest = hashlib.sha256(key).digest()
        found = self._known.get(digest)
        if found is None:
            return None
        since, actor = found
        age = self._now() - since
        for_long = _KNOWN_AT_MOST if digest in self._looking else _KNOWN_FOR
        if not _NO_TIME <= age < for_long:
            return None
        if age >= _KNOWN_FOR / 2:
            self._looked_up(key.decode(), digest)
        return actor

    async def _actor_of(self, key: str) -> Actor:
        bare = key.encode()
        digest = hashlib.sha256(bare).digest()
        known = self.known(bare)
        if known is None:
            known = await asyncio.shield(self._looked_up(key, digest))
        return known

    def _looked_up(self, key: str, digest: bytes) -> asyncio.Task[Actor]:
        """Look a key up, once for all who show it meanwhile."""

        def done(task: asyncio.Task[Actor]) -> None:
            del self._looking[digest]
            if not task.cancelled():
                task.exception()  # told to whoever waits, if anybody does

        if digest not in self._looking:
            self._looking[digest] = asyncio.create_task(self._look_up(key, digest))
            self._looking[digest].add_done_callback(done)
        return self._looking[digest]

    async def _look_up(self, key: str, digest: bytes) -> Actor:
        now = self._now()
        try:
            actor = await run_in_threadpool(self._keys.actor_of, key)
        except UnknownError:
            self._known.pop(digest, None)
            raise UnknownKeyError from None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = (now, actor)
        return actor
