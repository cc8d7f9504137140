"""The doors of the desk: a session opens its pages; a form must also come from one of them."""

import hmac
from dataclasses import dataclass, field

from fastapi import Request

from tracker.adapters.http.auth.authentication import BrowserSession, BrowserSessions
from tracker.adapters.http.auth.sessions import is_own
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.domain.errors import NotAllowedError, TrackerError

TOKEN = "token"  # noqa: S105  the name of the box that holds it


class SignedOutError(TrackerError):
    """Nobody is signed in here, or not any more. `typed` is what was sent in vain."""

    def __init__(self, typed: dict[str, str] | None = None) -> None:
        """Keep what was typed."""
        super().__init__()
        self.typed = typed or {}


class StaleFormError(TrackerError):
    """The form was made for an earlier session. `typed` is what was sent in vain."""

    def __init__(self, typed: dict[str, str]) -> None:
        """Keep what was typed."""
        super().__init__()
        self.typed = typed


class ForeignFormError(NotAllowedError):
    """This was not sent from a page of ours."""


@dataclass(frozen=True)
class Sent:
    """A form that somebody signed in sent from a page of ours."""

    visit: BrowserSession
    typed: dict[str, str] = field(repr=False)


class DeskAuth:
    """Lets in whoever signed in here and is still known."""

    def __init__(self, visits: BrowserSessions) -> None:
        """Ask these."""
        self._visits = visits

    async def __call__(self, request: Request) -> BrowserSession:
        """Return the visit. Raise `SignedOutError`."""
        visit = await self._visits.of(request)
        if visit is None:
            raise SignedOutError
        request.state.actor = visit.actor
        return visit


class FormAuth:
    """Lets in a form sent from a page of ours, by somebody signed in, in the session it was for."""

    def __init__(self, at_the_desk: DeskAuth, bodies: BodyReader) -> None:
        """Let in whom this door lets in."""
        self._at_the_desk = at_the_desk
        self._bodies = bodies

    async def __call__(self, request: Request) -> Sent:
        """Return what was sent. Raise `ForeignFormError`, `SignedOutError`, `StaleFormError`."""
        typed = await typed_into(request, self._bodies)
        token = typed.pop(TOKEN, "")
        try:
            visit = await self._at_the_desk(request)
        except SignedOutError:
            raise SignedOutError(typed) from None
        if not hmac.compare_digest(token.encode(), visit.session.token.encode()):
            raise StaleFormError(typed)
        return Sent(visit, typed)


async def typed_into(request: Request, bodies: BodyReader) -> dict[str, str]:
    """Return what was typed into a form of ours, by box. Raise `ForeignFormError` for another's."""
    if not is_own(request):
        raise ForeignFormError
    return await bodies.read_form(request)
