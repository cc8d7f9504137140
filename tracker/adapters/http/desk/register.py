"""The page to choose a register: its office, its period, and page or PDF."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.form import offers_of
from tracker.adapters.http.schema.problems import UNFIT_STATUS
from tracker.application.queries.make_register import UnfitPeriodError, check_period
from tracker.domain.dossier.actors import Read, require

_Field = Annotated[str, Field(max_length=100)]


class RegisterFields(BaseModel):
    """The fields of the form. `way` is the button that was pressed, if any."""

    office: _Field = ""
    first: _Field = Field("", alias="from")
    last: _Field = Field("", alias="to")
    way: Literal["page", "pdf"] | None = None


def add_register(desk: APIRouter, context: DeskContext, desk_auth: DeskAuth) -> None:
    """Add the page."""
    offices = context.parts.service.network.offices
    offered = offers_of(
        (office.id, f"{office.name} ({office.id})", office.name_en) for office in offices.values()
    )

    @desk.get("/register")
    def choose_register(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        asked: Annotated[RegisterFields, Query()],
    ) -> Response:
        """Redirect to the register, or show an error next to each invalid field."""
        require(browser_session.actor, Read.REGISTER)
        faults: dict[str, str] = {}
        if asked.way:
            faults = faults_in(asked, known=asked.office in offices)
            if not faults:
                chosen = {"office": asked.office, "from": asked.first, "to": asked.last}
                ending = ".pdf" if asked.way == "pdf" else ""
                return RedirectResponse(f"/v1/register{ending}?{urlencode(chosen)}", 303)
        else:
            today = context.today().isoformat()
            defaults = {"office": browser_session.actor.office, "from": today, "to": today}
            asked = RegisterFields.model_validate(defaults)
        status = UNFIT_STATUS if faults else 200
        return context.show(
            request,
            browser_session,
            "register.html",
            status=status,
            asked=asked,
            faults=faults,
            offered=offered,
        )


def faults_in(asked: RegisterFields, *, known: bool) -> dict[str, str]:
    """Return the errors by field name: `missing` (no valid value) or `period`."""
    faults = {} if known else {"office": "missing"}
    first, last = _day(asked.first), _day(asked.last)
    if first is None:
        faults["from"] = "missing"
    if last is None:
        faults["to"] = "missing"
    if first and last:
        try:
            check_period(first, last)
        except UnfitPeriodError:
            faults["to"] = "period"
    return faults


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
