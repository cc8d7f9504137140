"""Build the HTTP application from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from tracker.adapters.http.api import dossiers, figures, transparency_log
from tracker.adapters.http.api.attempts import AttemptCost
from tracker.adapters.http.api.code_blocks import Lease, Leases, Unused, add_code_blocks
from tracker.adapters.http.api.command_counter import CommandCounter
from tracker.adapters.http.api.commands import CommandApi, add_commands
from tracker.adapters.http.api.explanations import ExplanationApi, add_explanations
from tracker.adapters.http.api.exports import ExportApi, add_exports
from tracker.adapters.http.api.health import add_health
from tracker.adapters.http.api.lookup import BatchedLookUps, PublicLookUp, add_lookup
from tracker.adapters.http.api.receipt_link import OpeningProof, add_receipt_link
from tracker.adapters.http.auth.authentication import ApiKeyAuth, BrowserSessions
from tracker.adapters.http.auth.sessions import Sessions
from tracker.adapters.http.concurrency.group_commit import GroupCommit
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.routes import add_desk
from tracker.adapters.http.metrics import LogLag, Metrics
from tracker.adapters.http.pages.api_docs import add_api_docs
from tracker.adapters.http.pages.citizen_dossier import add_citizen_dossier_page
from tracker.adapters.http.pages.error_pages import ErrorPages
from tracker.adapters.http.pages.figures import add_figures_page
from tracker.adapters.http.pages.forms import add_forms
from tracker.adapters.http.pages.live import Live
from tracker.adapters.http.pages.look_up import add_look_up_page
from tracker.adapters.http.pages.register import add_register
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.pages.stop import add_stop_page
from tracker.adapters.http.proxies import Proxies
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.adapters.http.schema.openapi import DESCRIPTION, VERSION, document
from tracker.adapters.http.schema.problems import FORESEEN
from tracker.adapters.http.server.fast_path import FastPath
from tracker.adapters.http.server.middleware import Middleware


class _Application(FastAPI):
    """FastAPI inside the middleware of this service."""

    outermost: Middleware
    proxies: Proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the address of the client, then serve the request by the middleware."""
        if scope["type"] == "http":
            self.proxies.settle(scope)
        await self.outermost(scope, receive, send)

    async def by_framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request by the layers of FastAPI."""
        await super().__call__(scope, receive, send)


def create_app(parts: Dependencies) -> FastAPI:
    """Return the application. On shutdown it finishes the accepted requests."""
    commit = GroupCommit(parts.handle)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await commit.close()
        await look_ups.close()

    app = _Application(
        title="Tracker",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    pages = Pages(parts.service.calendar.zone)
    gauges = [LogLag(parts.prover.lag), *parts.gauges]
    metrics = Metrics(parts.watched, parts.now, gauges)
    app.add_exception_handler(Exception, _raise_to_middleware)
    for error_class in (*FORESEEN, RequestValidationError, HTTPException):
        app.add_exception_handler(error_class, ErrorPages(pages))
    sessions = Sessions(parts.session_secret, parts.sessions, parts.now)
    browser_sessions = BrowserSessions(parts.keys, sessions)
    signed_in = ApiKeyAuth(parts.keys, browser_sessions, parts.now)
    app.state.parts, app.state.api_key_auth = parts, signed_in
    bodies = BodyReader(parts.max_body_bytes)
    commands = CommandApi(commit, CommandCounter(metrics, parts.service.network))
    look_up = PublicLookUp(parts.look_up, parts.service.network, parts.now, metrics)
    look_ups = BatchedLookUps(look_up, parts)
    exports, explanations = ExportApi(parts), ExplanationApi(parts)
    live = Live(
        parts.look_up,
        parts.watched["status"].position,
        most=parts.live_pages,
        is_ending=parts.is_ending,
    )
    attempts = AttemptCost(parts.guard, parts.tries_limits, parts.misses)
    add_look_up_page(
        app, parts, pages=pages, look_up=look_up, bodies=bodies, live=live, trying=attempts
    )
    add_citizen_dossier_page(app, parts, pages=pages, bodies=bodies, writing=commands, live=live)
    add_figures_page(app, parts, pages)
    add_stop_page(app, parts, pages=pages, writing=commands)
    add_desk(
        app,
        DeskContext(parts, pages, sessions, commands),
        browser_sessions,
        bodies,
        exporting=exports,
        explaining=explanations,
    )
    add_commands(app, signed_in, bodies, commands)
    add_lookup(app, look_ups)
    add_receipt_link(app, bodies, attempts)
    add_forms(app, signed_in, parts, pages)
    add_register(app, signed_in, parts, pages)
    app.routes.extend(dossiers.router.routes)
    add_exports(app, signed_in, exports)
    app.routes.extend([*transparency_log.router.routes, *figures.router.routes])
    add_explanations(app, signed_in, parts, explanations)
    add_code_blocks(app, signed_in, bodies, Leases(parts))
    add_health(app, parts, metrics)
    add_api_docs(app)

    fast_path = FastPath(signed_in, bodies, commands, look_ups)
    app.proxies = parts.proxies
    app.outermost = Middleware(app.by_framework, metrics=metrics, fast_path=fast_path)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app, Lease, Unused, OpeningProof)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _raise_to_middleware(_request: Request, error: Exception) -> Response:
    """Raise an unforeseen error again, so that the middleware logs and answers it."""
    raise error
