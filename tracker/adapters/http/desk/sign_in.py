"""Sign-in and sign-out, and the error pages of the desk."""

import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from tracker.adapters.http.auth.authentication import BrowserSession, open_to_all
from tracker.adapters.http.auth.sessions import may_carry_keys
from tracker.adapters.http.desk.auth import (
    DeskAuth,
    FormAuth,
    FormSubmission,
    SignedOutError,
    StaleFormError,
    typed_into,
)
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.form_errors import FormError, errors_from
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.rate_limits import Limits, TooOftenError, address_of
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.adapters.http.schema.problems import FORESEEN, STORE_SILENT, kind_of
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import InvalidInputError, UnknownError

HOME = "/desk"
_DESK_ADDRESS = re.compile(r"/desk(?:[/?][A-Za-z0-9._~%/?=&+-]*)?", re.ASCII)
_KEPT = "kept."
"""Prefix of the hidden fields that keep a rejected form until the user signs in."""

_LONGEST_KEY = 200
_TRIES_PER_NETWORK = 60
"""Sign-in attempts a minute: all clerks of a branch sign in at 7:00 from one address."""

_TRIES_OVERALL = 600
_SHOWN_AS_PAGES: tuple[type[Exception], ...] = (
    *FORESEEN,
    SignedOutError,
    StaleFormError,
    RequestValidationError,
)
"""The errors that are shown as a page."""


def add_sign_in(
    desk: APIRouter, context: DeskContext, bodies: BodyReader, form_auth: FormAuth
) -> None:
    """Add the pages."""
    keys = context.parts.keys
    limits = Limits(per_code=0, per_network=_TRIES_PER_NETWORK, overall=_TRIES_OVERALL)

    @desk.get("/sign-in", dependencies=[Depends(open_to_all)])
    def show_sign_in(request: Request) -> HTMLResponse:
        """Show the sign-in form."""
        return sign_in_page(context.pages, request)

    @desk.post("/sign-in", dependencies=[Depends(open_to_all)])
    async def sign_in(request: Request) -> Response:
        """Start a session for the holder of a valid key."""
        typed = await typed_into(request, bodies)
        then = typed.get("then", "")
        then = then if _DESK_ADDRESS.fullmatch(then) else HOME
        kept = {
            name.removeprefix(_KEPT): text for name, text in typed.items() if name.startswith(_KEPT)
        }
        if not may_carry_keys(request):
            return sign_in_page(context.pages, request, then, kept, status=403)
        try:
            limits.check("", address_of(request.scope))
        except TooOftenError:
            fault = FormError("too_often")
            return sign_in_page(context.pages, request, then, kept, status=429, fault=fault)
        key = typed.get("key", "").strip()[:_LONGEST_KEY]
        try:
            actor = await run_in_threadpool(keys.actor_of, key)
        except UnknownError:
            return sign_in_page(
                context.pages, request, then, kept, status=401, fault=FormError("unknown_key")
            )
        request.state.actor = actor
        session = await run_in_threadpool(context.sessions.begin, keys.id_of(key), request)
        if kept:
            return go_on_page(context, request, BrowserSession(actor, session), then, kept)
        answer = RedirectResponse(then, 303)
        context.sessions.keep(session, request, answer)
        return answer

    @desk.post("/sign-out")
    async def sign_out(
        request: Request, sent: Annotated[FormSubmission, Depends(form_auth)]
    ) -> Response:
        """End the session on the server and in the browser."""
        await run_in_threadpool(context.sessions.end, sent.browser_session.session)
        answer = RedirectResponse(f"{HOME}/sign-in", 303)
        context.sessions.forget(request, answer)
        return answer


def _then(request: Request, error: SignedOutError) -> str:
    """Return the address to open after sign-in: the one that was requested."""
    if error.typed:
        return request.url.path
    if request.method != "GET":
        return HOME
    return f"{request.url.path}?{request.url.query}".removesuffix("?")


def sign_in_page(
    pages: Pages,
    request: Request,
    then: str = HOME,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
    fault: FormError | None = None,
) -> HTMLResponse:
    """Return the sign-in page. The input of a rejected form is kept in hidden fields."""
    return pages.show(
        request,
        "desk/sign_in.html",
        status=status,
        here=f"{HOME}/sign-in",
        headers={"WWW-Authenticate": "Bearer"} if status == 401 else None,  # noqa: PLR2004
        then=then,
        kept={_KEPT + name: text for name, text in (kept or {}).items()},
        is_safe=may_carry_keys(request),
        fault=fault,
    )


def go_on_page(
    context: DeskContext,
    request: Request,
    browser_session: BrowserSession,
    then: str,
    kept: Mapping[str, str],
    *,
    status: int = 200,
) -> HTMLResponse:
    """Return the page that sends the kept form input again with one button."""
    return context.show(
        request, browser_session, "go_on.html", status=status, here=HOME, then=then, kept=kept
    )


def errors_as_pages(context: DeskContext, desk_auth: DeskAuth) -> type[APIRoute]:
    """Return a route class that shows errors as pages and keeps the form input."""
    pages = context.pages

    async def error_page(request: Request, error: Exception) -> Response:
        if isinstance(error, SignedOutError):
            return sign_in_page(pages, request, _then(request, error), error.typed, status=401)
        if isinstance(error, StaleFormError):
            browser_session = await desk_auth(request)
            return go_on_page(
                context, request, browser_session, request.url.path, error.typed, status=409
            )
        if isinstance(error, RequestValidationError):
            error = InvalidInputError()
        if isinstance(error, STORE_SILENT):
            error = StoreUnavailableError()
        (fault,) = errors_from(error).values()
        return pages.show(
            request, "desk/error.html", status=kind_of(error).status, here=HOME, fault=fault
        )

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_or_show_error(request: Request) -> Response:
                try:
                    return await handle(request)
                except _SHOWN_AS_PAGES as error:
                    return await error_page(request, error)

            return handle_or_show_error

    return PageRoute
