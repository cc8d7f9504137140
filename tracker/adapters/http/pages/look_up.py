"""The first page: where is my dossier, by when, and do I have something to do."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.doors import open_to_all
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.parts import Parts
from tracker.adapters.http.public import PublicLookUp
from tracker.application.posts import UnknownDossierError
from tracker.projections.lookup import PublicAnswer


def add_look_up_page(app: FastAPI, parts: Parts, pages: Pages, look_up: PublicLookUp) -> None:
    """Add the page."""

    @app.get("/", dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_look_up(request: Request, code: Annotated[str, Query()] = "") -> HTMLResponse:
        """Show the form, and the answer to a code."""
        return pages.show(
            request,
            "look_up.html",
            asked=code[:200],
            told=_answer(look_up, code) if code.strip() else None,
            samples=list(parts.sample_codes()),
        )


def _answer(look_up: PublicLookUp, code: str) -> PublicAnswer | None:
    try:
        return look_up.answer(code)
    except UnknownDossierError:
        return None
