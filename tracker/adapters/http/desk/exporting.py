"""The export page of auditors: a form, and the download of the archive."""

from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator

from tracker.adapters.http.api.exports import ExportApi
from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth
from tracker.adapters.http.desk.context import DeskContext
from tracker.application.commands.text_types import Code, Id, Line
from tracker.application.queries.export import Form, NoReasonError, Selection
from tracker.domain.dossier.actors import Read, require
from tracker.domain.dossier.values import FutureTimeError

_EMPTY_AS_NONE = BeforeValidator(lambda typed: typed.strip() or None)


class ExportFields(BaseModel):
    """The fields of the export form."""

    form: Form
    since: Annotated[date | None, _EMPTY_AS_NONE] = None
    until: Annotated[date | None, _EMPTY_AS_NONE] = None
    office: Annotated[Id | None, _EMPTY_AS_NONE] = None
    code: Annotated[Code | None, _EMPTY_AS_NONE] = None
    opened: bool = False
    reason: Annotated[Line | None, _EMPTY_AS_NONE] = None


def add_exporting(
    desk: APIRouter, context: DeskContext, desk_auth: DeskAuth, exporting: ExportApi
) -> None:
    """Add the page."""
    service = context.parts.service

    @desk.get("/export")
    def choose_export(
        request: Request, browser_session: Annotated[BrowserSession, Depends(desk_auth)]
    ) -> HTMLResponse:
        """Show the form that asks for the dossiers and the file format."""
        require(browser_session.actor, Read.EXPORT)
        return context.show(
            request,
            browser_session,
            "export.html",
            today=context.today(),
            forms=list(Form),
            offices=service.network.offices,
        )

    @desk.get("/export/archive")
    def give_archive(
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        chosen: Annotated[ExportFields, Query()],
    ) -> Response:
        """Return the archive. Raise `NoReasonError` or `FutureTimeError` for unfit fields."""
        if chosen.opened and not chosen.reason:
            raise NoReasonError
        if max(chosen.since or date.min, chosen.until or date.min) > context.today():
            raise FutureTimeError
        zone = service.calendar.zone
        selection = Selection(
            code=chosen.code,
            office=chosen.office,
            since=datetime.combine(chosen.since, time(), zone) if chosen.since else None,
            until=min(datetime.combine(chosen.until, time.max, zone), context.parts.now())
            if chosen.until
            else None,
        )
        return exporting.download(
            browser_session.actor, chosen.form, selection, chosen.reason if chosen.opened else None
        )
