"""The register of an office, as a page to be printed and as PDF."""

from datetime import date
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.forms import Pdf, pdf_of, shown
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.schema.freshness import Waits
from tracker.adapters.http.schema.parameters import Day
from tracker.application.queries.make_register import MOST_DAYS
from tracker.domain.dossier.actors import Actor

_REGISTER = "/v1/register"
_PROBLEMS = (401, 403, 422, 503)

OfficeId = Annotated[str, Query(max_length=100, description="The office's id.", examples=["CN01"])]
First = Annotated[Day, Query(alias="from", description="The first day.")]
Last = Annotated[
    Day, Query(alias="to", description=f"The last day; {MOST_DAYS} days at most in all.")
]


def add_register(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, pages: Pages) -> None:
    """Add the register."""
    its_actor = Depends(signed_in)
    until_there = Depends(Waits([parts.watched["promises"]], head=parts.head, seconds=parts.wait_s))

    def sheet_of(actor: Actor, office: str, first: date, last: date) -> str:
        return parts.write_sheet(parts.registers.make(actor, office, first, last, parts.now()))

    @app.get(
        _REGISTER + ".pdf",
        response_class=Pdf,
        responses=shown("application/pdf", "%PDF-1.7", *_PROBLEMS, 501, format="binary"),
        tags=["read"],
    )
    def print_register(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        office: OfficeId,
        first: First,
        last: Last,
    ) -> Response:
        """Return the register as PDF/A, tagged; who got it is recorded at each dossier."""
        return Pdf(parts.set_pdf(sheet_of(actor, office, first, last), parts.now()))

    @app.get(
        _REGISTER,
        response_class=HTMLResponse,
        responses=shown("text/html", "<!DOCTYPE html>...", *_PROBLEMS),
        tags=["read"],
    )
    def show_register(
        request: Request,
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        office: OfficeId,
        first: First,
        last: Last,
    ) -> Response:
        """Show what an office took in or decides, at most 500 dossiers; names to its own people.

        The page tells where it had to be cut. Who saw it is recorded at each dossier.
        """
        sheet = sheet_of(actor, office, first, last)
        return pages.show(request, "paper.html", sheet=sheet, pdf=pdf_of(request))
