"""The page behind the link in every message: to be told no more."""

from uuid import uuid4

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.doors import open_to_all
from tracker.adapters.http.group_commit import GroupCommit
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.parts import Parts
from tracker.application.posts import Post, UnknownDossierError
from tracker.application.telling import NoticesStopped
from tracker.domain.actors import Actor, Role
from tracker.domain.codes import tidied
from tracker.domain.dossier import StepNotAllowedError

_BY_LINK = Actor(Role.CITIZEN, "stop-link")


def add_stop_page(app: FastAPI, parts: Parts, pages: Pages, commit: GroupCommit) -> None:
    """Add the page. Looking at it stops nothing: mail scanners follow every link."""

    @app.get("/stop/{code}/{token}", dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_stop(request: Request, code: str, token: str) -> HTMLResponse:
        """Ask whether to stop; a link that does not fit is told so, whatever is wrong with it."""
        fits = parts.stops(tidied(code), token)
        return pages.show(request, "stop.html", status=200 if fits else 404, fits=fits, code=code)

    @app.post("/stop/{code}/{token}", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def stop(request: Request, code: str, token: str) -> HTMLResponse:
        """Stop. What was stopped before is stopped; a mail program posts here by itself."""
        fits = parts.stops(tidied(code), token)
        if fits:
            message = NoticesStopped(
                event_id=uuid4().hex, occurred_at=parts.now(), step="notices_stopped", code=code
            )
            (result,) = await commit.submit_all([Post(_BY_LINK, message)])
            fits = not isinstance(result, UnknownDossierError)
            if (
                fits
                and isinstance(result, Exception)
                and not isinstance(result, StepNotAllowedError)
            ):
                raise result
        return pages.show(
            request,
            "stopped.html" if fits else "stop.html",
            status=200 if fits else 404,
            fits=fits,
            code=code,
        )
