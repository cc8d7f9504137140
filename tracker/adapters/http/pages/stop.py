"""The page that stops notifications, linked from every notification."""

from contextlib import suppress
from uuid import uuid4

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.api.commands import CommandApi
from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.rendering import Pages
from tracker.application.commands.consent import StopNotices
from tracker.application.commands.envelope import Envelope, UnknownDossierError
from tracker.domain.dossier.actors import citizen_of
from tracker.domain.dossier.codes import dossier_id, tidied
from tracker.domain.dossier.recording import StepNotAllowedError

_STOP = "/stop/{code}/{token}"


def add_stop_page(app: FastAPI, parts: Dependencies, *, pages: Pages, writing: CommandApi) -> None:
    """Add the page. A GET request stops nothing, because mail scanners follow links.

    All invalid links get the same answer.
    """

    @app.get(_STOP, dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_stop(request: Request, code: str, token: str) -> HTMLResponse:
        """Show the button that stops notifications."""
        fits = parts.stops(tidied(code), token)
        return pages.show(request, "stop.html", status=200 if fits else 404, fits=fits, code=code)

    @app.post(_STOP, dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def stop(request: Request, code: str, token: str) -> HTMLResponse:
        """Stop notifications; repeating it has no effect. Mail programs also send this request."""
        if parts.stops(tidied(code), token):
            with suppress(UnknownDossierError):
                await record(tidied(code))
                return pages.show(request, "stopped.html", code=code)
        return pages.show(request, "stop.html", status=404, fits=False, code=code)

    async def record(code: str) -> None:
        command = StopNotices(
            event_id=uuid4().hex, occurred_at=parts.now(), step="notices_stopped", code=code
        )
        with suppress(StepNotAllowedError):
            await writing.store(Envelope(citizen_of(dossier_id(code)), command))
