"""The register of an office, as a printable page and as PDF."""

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

OfficeId = Annotated[
    str, Query(max_length=100, description="The id of the office.", examples=["CN01"])
]
First = Annotated[Day, Query(alias="from", description="The first day.")]
Last = Annotated[
    Day, Query(alias="to", description=f"The last day. The period has at most {MOST_DAYS} days.")
]


def add_register(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, pages: Pages) -> None:
    """Add the register."""
    signed_in_actor = Depends(signed_in)
    freshness = Depends(Waits([parts.watched["promises"]], head=parts.head, seconds=parts.wait_s))

    def sheet_of(actor: Actor, office: str, first: date, last: date) -> str:
        return parts.write_sheet(parts.registers.make(actor, office, first, last, parts.now()))

    @app.get(
        _REGISTER + ".pdf",
        response_class=Pdf,
        responses=shown("application/pdf", "%PDF-1.7", *_PROBLEMS, 501, format="binary"),
        tags=["read"],
    )
    def print_register(
        actor: Annotated[Actor, signed_in_actor],
        _fresh: Annotated[None, freshness],
        office: OfficeId,
        first: First,
        last: Last,
    ) -> Response:
        """Return the register as tagged PDF/A. The access is logged for each dossier."""
        return Pdf(parts.set_pdf(sheet_of(actor, office, first, last), parts.now()))

    @app.get(
        _REGISTER,
        response_class=HTMLResponse,
        responses=shown("text/html", "<!DOCTYPE html>...", *_PROBLEMS),
        tags=["read"],
    )
    def show_register(
        request: Request,
        actor: Annotated[Actor, signed_in_actor],
        _fresh: Annotated[None, freshness],
        office: OfficeId,
        first: First,
        last: Last,
    ) -> Response:
        """Return the dossiers that an office received or decides, at most 500.

        Only staff of the office see the names of applicants. The page says if it is cut. The
        access is logged for each dossier.
        """
        sheet = sheet_of(actor, office, first, last)
        return pages.show(request, "paper.html", sheet=sheet, pdf=pdf_of(request))
