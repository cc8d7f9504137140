"""All desk pages, with their authentication."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.api.explanations import ExplanationApi
from tracker.adapters.http.api.exports import ExportApi
from tracker.adapters.http.auth.authentication import BrowserSession, BrowserSessions
from tracker.adapters.http.desk.auth import DeskAuth, FormAuth
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.exporting import add_exporting
from tracker.adapters.http.desk.figures import add_figures
from tracker.adapters.http.desk.intake import add_intake
from tracker.adapters.http.desk.register import add_register
from tracker.adapters.http.desk.replay import add_replay
from tracker.adapters.http.desk.sign_in import HOME, add_sign_in, errors_as_pages
from tracker.adapters.http.desk.steps import add_finding, add_recording
from tracker.adapters.http.schema.bodies import BodyReader


def add_desk(
    app: FastAPI,
    context: DeskContext,
    browser_sessions: BrowserSessions,
    bodies: BodyReader,
    *,
    exporting: ExportApi,
    explaining: ExplanationApi,
) -> None:
    """Add the desk pages to the app."""
    desk_auth = DeskAuth(browser_sessions)
    form_auth = FormAuth(desk_auth, bodies)
    desk = APIRouter(
        prefix=HOME,
        route_class=errors_as_pages(context, desk_auth),
        include_in_schema=False,
    )

    @desk.get("")
    def show_home(
        request: Request, browser_session: Annotated[BrowserSession, Depends(desk_auth)]
    ) -> HTMLResponse:
        """Show the start page of the desk."""
        return context.show(request, browser_session, "home.html")

    add_sign_in(desk, context, bodies, form_auth)
    add_intake(desk, context, desk_auth, form_auth)
    add_finding(desk, context, desk_auth)
    add_recording(desk, context, form_auth)
    add_replay(desk, context, desk_auth)
    add_figures(desk, context, desk_auth, explaining)
    add_register(desk, context, desk_auth)
    add_exporting(desk, context, desk_auth, exporting)
    # `include_router` would copy the routes into a nested router; a test walks `app.routes`.
    app.routes.extend(desk.routes)
