"""All pages of the desk, with their doors."""

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
    front: DeskContext,
    visits: BrowserSessions,
    bodies: BodyReader,
    *,
    exporting: ExportApi,
    explaining: ExplanationApi,
) -> None:
    """Add the pages."""
    at_the_desk = DeskAuth(visits)
    form_sent = FormAuth(at_the_desk, bodies)
    desk = APIRouter(
        prefix=HOME,
        route_class=errors_as_pages(front, at_the_desk),
        include_in_schema=False,
    )

    @desk.get("")
    def show_home(
        request: Request, visit: Annotated[BrowserSession, Depends(at_the_desk)]
    ) -> HTMLResponse:
        """Show what can be done here."""
        return front.show(request, visit, "home.html")

    add_sign_in(desk, front, bodies, form_sent)
    add_intake(desk, front, at_the_desk, form_sent)
    add_finding(desk, front, at_the_desk)
    add_recording(desk, front, form_sent)
    add_replay(desk, front, at_the_desk)
    add_figures(desk, front, at_the_desk, explaining)
    add_register(desk, front, at_the_desk)
    add_exporting(desk, front, at_the_desk, exporting)
    # Not included as a router, which would hide them from whoever walks all routes.
    app.routes.extend(desk.routes)
