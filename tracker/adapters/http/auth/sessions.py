"""Sessions of browsers: an encrypted and authenticated record in a cookie.

The record has the id of an API key, but not the key. A session is valid until its key is revoked or
the server ends it. A copied cookie is useless afterwards.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.fernet import Fernet, InvalidToken
from starlette.requests import Request
from starlette.responses import Response

from tracker.adapters.http.dependencies import OpenSessions

IDLE: Final = timedelta(minutes=60)
"""A session ends after this time without a request."""

LONGEST: Final = timedelta(hours=12)
"""A session ends after this time in any case: a working day with an evening round of visits."""

_NAME = "tracker-session"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Session:
    """The id of the key, the time of signing in, and the `token` that every form must send back."""

    key_id: str
    began_at: int
    token: str


class Sessions:
    """Makes sessions, and writes them to cookies and reads them from cookies."""

    def __init__(
        self, secret: bytes, open_sessions: OpenSessions, now: Callable[[], datetime]
    ) -> None:
        """Encrypt with this secret of 32 bytes; `open_sessions` stores which sessions are open."""
        self._open = open_sessions
        self._fernet = Fernet(base64.urlsafe_b64encode(secret))
        self._now = now

    def begin(self, key_id: str, request: Request) -> Session:
        """Begin a session for the holder of this key. End the earlier session of the browser."""
        if earlier := self.of(request):
            self._open.end(earlier.token)
        now, token = self._now(), secrets.token_urlsafe(16)
        self._open.begin(token, key_id, now, now + LONGEST)
        return Session(key_id, int(now.timestamp()), token)

    def is_open(self, session: Session) -> bool:
        """Return whether the session is still open on the server."""
        return self._open.is_open(session.token, session.key_id)

    def of(self, request: Request) -> Session | None:
        """Return the session in the cookie, or `None` if it is forged or expired."""
        now = self._seconds()
        try:
            sealed = request.cookies.get(_cookie(request), "").encode("ascii")
            text = self._fernet.decrypt_at_time(sealed, int(IDLE.total_seconds()), now)
        except (InvalidToken, UnicodeEncodeError):
            return None
        session = Session(**orjson.loads(text))
        return session if now < session.began_at + LONGEST.total_seconds() else None

    def keep(self, session: Session, request: Request, response: Response) -> None:
        """Set the cookie of the session, and restart its idle time."""
        sealed = self._fernet.encrypt_at_time(orjson.dumps(asdict(session)), self._seconds())
        response.set_cookie(
            _cookie(request),
            sealed.decode(),
            secure=_is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def end(self, session: Session) -> None:
        """End this session on the server. Its cookie is invalid from now on."""
        self._open.end(session.token)

    def forget(self, request: Request, response: Response) -> None:
        """Delete the cookie of the session in the browser."""
        response.delete_cookie(
            _cookie(request), secure=_is_secure(request), httponly=True, samesite="strict"
        )

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def may_carry_keys(request: Request) -> bool:
    """Return whether the request is private: it came by https, or from the same machine."""
    return _is_secure(request) or request.url.hostname in _LOOPBACK


def is_own(request: Request) -> bool:
    """Return whether the browser states that a page of this service sent the request.

    Old browsers send `Origin` instead of `Sec-Fetch-Site`. A request with neither is refused.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return origin.partition("://")[2] == request.headers.get("host")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _cookie(request: Request) -> str:
    return f"__Host-{_NAME}" if _is_secure(request) else _NAME
