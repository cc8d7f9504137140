"""Where auditors take dossiers away: a form, and the archive it asks for."""

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

_UNSAID = BeforeValidator(lambda typed: typed.strip() or None)


class Chosen(BaseModel):
    """What stands in the boxes."""

    form: Form
    since: Annotated[date | None, _UNSAID] = None
    until: Annotated[date | None, _UNSAID] = None
    office: Annotated[Id | None, _UNSAID] = None
    code: Annotated[Code | None, _UNSAID] = None
    opened: bool = False
    reason: Annotated[Line | None, _UNSAID] = None


def add_exporting(
    desk: APIRouter, front: DeskContext, at_the_desk: DeskAuth, exporting: ExportApi
) -> None:
    """Add the page."""
    service = front.parts.service

    @desk.get("/export")
    def choose_export(
        request: Request, visit: Annotated[BrowserSession, Depends(at_the_desk)]
    ) -> HTMLResponse:
        """Ask which dossiers, and in what form."""
        require(visit.actor, Read.EXPORT)
        return front.show(
            request,
            visit,
            "export.html",
            today=front.today(),
            forms=list(Form),
            offices=service.network.offices,
        )

    @desk.get("/export/archive")
    def give_archive(
        visit: Annotated[BrowserSession, Depends(at_the_desk)], chosen: Annotated[Chosen, Query()]
    ) -> Response:
        """Return the archive that was chosen."""
        if chosen.opened and not chosen.reason:
            raise NoReasonError
        if max(chosen.since or date.min, chosen.until or date.min) > front.today():
            raise FutureTimeError
        zone = service.calendar.zone
        selection = Selection(
            code=chosen.code,
            office=chosen.office,
            since=datetime.combine(chosen.since, time(), zone) if chosen.since else None,
            until=min(datetime.combine(chosen.until, time.max, zone), front.parts.now())
            if chosen.until
            else None,
        )
        return exporting.download(
            visit.actor, chosen.form, selection, chosen.reason if chosen.opened else None
        )
