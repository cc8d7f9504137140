"""The official forms of a dossier, as printable pages and as PDF."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse

from tracker.adapters.http.auth.authentication import ApiKeyAuth, ReceiptAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.schema.openapi import READING, Responses, problem_answers
from tracker.adapters.http.schema.parameters import Code
from tracker.application.queries.citizen_view import CitizenView
from tracker.application.queries.fill_form import FormNumber
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import tidied

_FORM = "/v1/dossiers/{code}/forms/{number}"
_RECEIPT = "/h/{code}/{token}/receipt"

Which = Annotated[
    int | None,
    Query(
        ge=1,
        le=10_000,
        description="The number of the form if there are several, from 1. The default is the last.",
    ),
]


class Pdf(Response):
    """A PDF response."""

    media_type = "application/pdf"


def add_forms(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, pages: Pages) -> None:
    """Add the forms for staff, and the receipt for its holder."""
    signed_in_actor = Depends(signed_in)
    holds_receipt = Depends(ReceiptAuth(parts.citizens, parts.limits))
    fill = parts.filling.fill

    @app.get(
        _FORM + ".pdf",
        response_class=Pdf,
        responses=shown("application/pdf", "%PDF-1.7", *READING, 501, format="binary"),
        tags=["read"],
    )
    def print_form(
        actor: Annotated[Actor, signed_in_actor],
        code: Code,
        number: FormNumber,
        which: Which = None,
    ) -> Response:
        """Return a form as tagged PDF/A. The access is logged."""
        form = fill(actor, tidied(code), number, which)
        return Pdf(parts.set_pdf(parts.write_sheet(form), parts.now()))

    @app.get(
        _FORM,
        response_class=HTMLResponse,
        responses=shown("text/html", "<!DOCTYPE html>...", *READING),
        tags=["read"],
    )
    def show_form(
        request: Request,
        actor: Annotated[Actor, signed_in_actor],
        code: Code,
        number: FormNumber,
        which: Which = None,
    ) -> Response:
        """Return a form as a printable page in Vietnamese. The access is logged."""
        sheet = parts.write_sheet(fill(actor, tidied(code), number, which))
        return pages.show(request, "paper.html", sheet=sheet, pdf=pdf_of(request))

    @app.get(_RECEIPT + ".pdf", include_in_schema=False)
    def print_receipt(token: str, own: Annotated[CitizenView, holds_receipt]) -> Response:
        """Return the receipt as PDF."""
        sheet = parts.write_sheet(parts.citizens.receipt(own.code, token))
        return Pdf(parts.set_pdf(sheet, parts.now()))

    @app.get(_RECEIPT, include_in_schema=False)
    def show_receipt(
        request: Request, token: str, own: Annotated[CitizenView, holds_receipt]
    ) -> Response:
        """Show the receipt as a printable page."""
        sheet = parts.write_sheet(parts.citizens.receipt(own.code, token))
        return pages.show(request, "paper.html", sheet=sheet, pdf=pdf_of(request))


def pdf_of(request: Request) -> str:
    """Return the address of the PDF of this form."""
    url = request.url.replace(path=request.url.path + ".pdf").remove_query_params("lang")
    return f"{url.path}?{url.query}" if url.query else url.path


def shown(media_type: str, example: str, *problems: int, **schema: str) -> Responses:
    """Return the OpenAPI responses of a form: its media type and the possible problems."""
    content: Mapping[str, Any] = {
        media_type: {"schema": {"type": "string", **schema}, "example": example}
    }
    return {200: {"description": "The form.", "content": content}} | problem_answers(*problems)
