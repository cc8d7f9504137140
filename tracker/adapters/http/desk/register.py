"""Where the register of an office is chosen: whose, of which days, as a page or as PDF."""

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

_Box = Annotated[str, Field(max_length=100)]


class Asked(BaseModel):
    """What stands in the boxes; `way` is the button that was pressed, if one was."""

    office: _Box = ""
    first: _Box = Field("", alias="from")
    last: _Box = Field("", alias="to")
    way: Literal["page", "pdf"] | None = None


def add_register(desk: APIRouter, front: DeskContext, at_the_desk: DeskAuth) -> None:
    """Add the page."""
    offices = front.parts.service.network.offices
    offered = offers_of((one.id, f"{one.name} ({one.id})", one.name_en) for one in offices.values())

    @desk.get("/register")
    def choose_register(
        request: Request,
        visit: Annotated[BrowserSession, Depends(at_the_desk)],
        asked: Annotated[Asked, Query()],
    ) -> Response:
        """Lead to the register that was asked for, or tell beside each box what does not fit."""
        require(visit.actor, Read.REGISTER)
        faults: dict[str, str] = {}
        if asked.way:
            faults = faults_in(asked, known=asked.office in offices)
            if not faults:
                chosen = {"office": asked.office, "from": asked.first, "to": asked.last}
                ending = ".pdf" if asked.way == "pdf" else ""
                return RedirectResponse(f"/v1/register{ending}?{urlencode(chosen)}", 303)
        else:
            today = front.today().isoformat()
            usual = {"office": visit.actor.office, "from": today, "to": today}
            asked = Asked.model_validate(usual)
        status = UNFIT_STATUS if faults else 200
        return front.show(
            request,
            visit,
            "register.html",
            status=status,
            asked=asked,
            faults=faults,
            offered=offered,
        )


def faults_in(asked: Asked, *, known: bool) -> dict[str, str]:
    """Tell by the name of its box what does not fit: nothing there, no day, or no fit period."""
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
