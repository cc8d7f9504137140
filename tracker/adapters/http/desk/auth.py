"""Authentication of the desk pages: by session, and for forms also by a token of our own page."""

import hmac
from dataclasses import dataclass, field

from fastapi import Request

from tracker.adapters.http.auth.authentication import BrowserSession, BrowserSessions
from tracker.adapters.http.auth.sessions import is_own
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.domain.errors import NotAllowedError, TrackerError

TOKEN = "token"  # noqa: S105  the name of the form field, not a secret


class SignedOutError(TrackerError):
    """The browser has no open session. `typed` is the rejected form input."""

    def __init__(self, typed: dict[str, str] | None = None) -> None:
        """Keep the form input."""
        super().__init__()
        self.typed = typed or {}


class StaleFormError(TrackerError):
    """The form belongs to an earlier session. `typed` is the rejected form input."""

    def __init__(self, typed: dict[str, str]) -> None:
        """Keep the form input."""
        super().__init__()
        self.typed = typed


class ForeignFormError(NotAllowedError):
    """The form was not sent from our own pages."""


@dataclass(frozen=True)
class FormSubmission:
    """A form that a signed-in user sent from our own pages."""

    browser_session: BrowserSession
    typed: dict[str, str] = field(repr=False)


class DeskAuth:
    """Accepts requests with an open browser session."""

    def __init__(self, browser_sessions: BrowserSessions) -> None:
        """Check requests against these sessions."""
        self._visits = browser_sessions

    async def __call__(self, request: Request) -> BrowserSession:
        """Return the browser session. Raise `SignedOutError` if there is none."""
        browser_session = await self._visits.of(request)
        if browser_session is None:
            raise SignedOutError
        request.state.actor = browser_session.actor
        return browser_session


class FormAuth:
    """Accepts forms from our own pages that carry the token of the open session."""

    def __init__(self, desk_auth: DeskAuth, bodies: BodyReader) -> None:
        """Use this authentication, and read forms with these limits."""
        self._desk_auth = desk_auth
        self._bodies = bodies

    async def __call__(self, request: Request) -> FormSubmission:
        """Return the form. Raise `ForeignFormError`, `SignedOutError` or `StaleFormError`."""
        typed = await typed_into(request, self._bodies)
        token = typed.pop(TOKEN, "")
        try:
            browser_session = await self._desk_auth(request)
        except SignedOutError:
            raise SignedOutError(typed) from None
        if not hmac.compare_digest(token.encode(), browser_session.session.token.encode()):
            raise StaleFormError(typed)
        return FormSubmission(browser_session, typed)


async def typed_into(request: Request, bodies: BodyReader) -> dict[str, str]:
    """Return the form input by field name. Raise `ForeignFormError` for a form of another site."""
    if not is_own(request):
        raise ForeignFormError
    return await bodies.read_form(request)
