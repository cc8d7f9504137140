"""Sessions of people at a browser: a signed and sealed statement in a cookie.

It names a key by its id and holds no secret of it. A session counts as long as its key is not
revoked and the server has not ended it: the cookie alone, kept or copied, opens nothing.
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
"""After so long without a page a session ends."""

LONGEST: Final = timedelta(hours=12)
"""However busy, it ends after a working day, the evening round at people's homes included."""

_NAME = "tracker-session"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Session:
    """Who signed in, by the key's id, and when; `token` must come back with each form sent."""

    key_id: str
    began_at: int
    token: str


class Sessions:
    """Makes sessions, puts them into cookies and takes them out again."""

    def __init__(
        self, secret: bytes, open_sessions: OpenSessions, now: Callable[[], datetime]
    ) -> None:
        """Seal with this secret of 32 bytes; the server knows which sessions are open."""
        self._open = open_sessions
        self._fernet = Fernet(base64.urlsafe_b64encode(secret))
        self._now = now

    def begin(self, key_id: str, request: Request) -> Session:
        """Begin a session for the holder of this key; the browser's earlier one ends."""
        if earlier := self.of(request):
            self._open.end(earlier.token)
        now, token = self._now(), secrets.token_urlsafe(16)
        self._open.begin(token, key_id, now, now + LONGEST)
        return Session(key_id, int(now.timestamp()), token)

    def is_open(self, session: Session) -> bool:
        """Return whether the server has not ended this session."""
        return self._open.is_open(session.token, session.key_id)

    def of(self, request: Request) -> Session | None:
        """Return the session in the cookie, unless it was forged or its time is over."""
        now = self._seconds()
        try:
            sealed = request.cookies.get(_cookie(request), "").encode("ascii")
            text = self._fernet.decrypt_at_time(sealed, int(IDLE.total_seconds()), now)
        except (InvalidToken, UnicodeEncodeError):
            return None
        session = Session(**orjson.loads(text))
        return session if now < session.began_at + LONGEST.total_seconds() else None

    def keep(self, session: Session, request: Request, response: Response) -> None:
        """Send the session along as a cookie; its idle time begins anew."""
        sealed = self._fernet.encrypt_at_time(orjson.dumps(asdict(session)), self._seconds())
        response.set_cookie(
            _cookie(request),
            sealed.decode(),
            secure=_is_secure(request),
            httponly=True,
            samesite="strict",
        )

    def end(self, session: Session) -> None:
        """End this session on the server: its cookie opens nothing from now on."""
        self._open.end(session.token)

    def forget(self, request: Request, response: Response) -> None:
        """Have the browser forget its session."""
        response.delete_cookie(
            _cookie(request), secure=_is_secure(request), httponly=True, samesite="strict"
        )

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def may_carry_keys(request: Request) -> bool:
    """Return whether nobody on the way can read what is sent: by https, or within one machine."""
    return _is_secure(request) or request.url.hostname in _LOOPBACK


def is_own(request: Request) -> bool:
    """Return whether the browser says that a page of ours sent this.

    Old browsers send no `Sec-Fetch-Site`, but an `Origin`; one that sends neither is not believed.
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
