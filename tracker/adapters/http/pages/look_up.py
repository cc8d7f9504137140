"""The look-up page: the status and promised date of a dossier, by its code."""

import re
from enum import StrEnum
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from tracker.adapters.http.api.attempts import AttemptCost
from tracker.adapters.http.api.lookup import PublicLookUp
from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.live import STREAM, Live
from tracker.adapters.http.pages.rendering import Pages
from tracker.adapters.http.pages.working_days import working_days_left
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.application.queries.citizen_access import NotYoursError
from tracker.application.queries.guessing import WholeNumberWantedError, WorkWantedError
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.misread_codes import likely_codes
from tracker.projections.dossier.lookup import PublicAnswer
from tracker.projections.dossier.status import StatusRow

_LONGEST = 300
_SCANNED = re.compile(r"(?:\S*)/h/([^/\s?#]{3,100})/([A-Za-z2-7]{26})/?")
"""The text that a hand scanner types when it reads the QR code of a receipt."""


def add_look_up_page(
    app: FastAPI,
    parts: Dependencies,
    *,
    pages: Pages,
    look_up: PublicLookUp,
    bodies: BodyReader,
    live: Live,
    trying: AttemptCost,
) -> None:
    """Add the page, the form that opens the full dossier page, and the live updates."""
    page = _LookUpPage(parts, pages, look_up)

    @app.get("/", dependencies=[Depends(open_to_all)], include_in_schema=False)
    def show_look_up(request: Request, code: Annotated[str, Query()] = "") -> Response:
        """Show the form, and the status for a code."""
        if scanned := _SCANNED.fullmatch(code.strip()):
            return RedirectResponse(f"/h/{scanned[1]}/{scanned[2]}", 303)
        return page.show(request, code[:_LONGEST].strip())

    @app.post("/h", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def open_dossier(request: Request) -> Response:
        """Redirect to the full dossier page if the code and the phone digits match."""
        form = await bodies.read_form(request)
        code, digits = form.get("code", "").strip(), form.get("digits", "").strip()
        try:
            path = await trying.find(
                code, digits, address_of(request.scope), form.get("proof", "").strip()
            )
        except NotYoursError:
            return page.show(request, code, wants=Wants.THE_RIGHT_DIGITS)
        except (WorkWantedError, WholeNumberWantedError) as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return page.ask(request, code, digits, error)
        return RedirectResponse(path, 303)

    @app.get("/live", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def stream_changes(request: Request, code: str, seen: str = "") -> StreamingResponse:
        """Send one event when the public status of the dossier changes."""
        parts.limits.check(tidied(code), address_of(request.scope))

        def is_new(row: StatusRow) -> bool:
            return _mark(look_up.public_answer(row, parts.now())) != seen

        return StreamingResponse(
            live.follow(tidied(code), is_new, address_of(request.scope)), media_type=STREAM
        )


class Wants(StrEnum):
    """What the citizen must still enter or prove."""

    THE_RIGHT_DIGITS = "right digits"
    A_PROOF = "proof"
    THE_WHOLE_NUMBER = "whole number"


_TOO_OFTEN = 429
_STATUS = {
    None: 200,
    Wants.THE_RIGHT_DIGITS: 403,
    Wants.A_PROOF: _TOO_OFTEN,
    Wants.THE_WHOLE_NUMBER: _TOO_OFTEN,
}


class _LookUpPage:
    def __init__(self, parts: Dependencies, pages: Pages, look_up: PublicLookUp) -> None:
        self._parts = parts
        self._pages = pages
        self._look_up = look_up

    def ask(
        self,
        request: Request,
        code: str,
        digits: str,
        error: WorkWantedError | WholeNumberWantedError,
    ) -> Response:
        """Ask for a proof of work, or for the whole phone number."""
        if isinstance(error, WholeNumberWantedError):
            return self.show(request, code, wants=Wants.THE_WHOLE_NUMBER)
        challenge = orjson.dumps(error.challenge).decode()
        return self.show(
            request, code, wants=Wants.A_PROOF, digits=digits[:_LONGEST], challenge=challenge
        )

    def show(
        self,
        request: Request,
        code: str,
        *,
        wants: Wants | None = None,
        digits: str = "",
        challenge: str = "",
    ) -> Response:
        parts, now = self._parts, self._parts.now()
        answer, is_guess, fresh = None, False, None
        if code and not wants:
            parts.limits.check(tidied(code), address_of(request.scope))
            fresh = parts.watched["status"].freshness(now)
            answer, is_guess = self._found(code)
        due_at = answer.promised_at if answer else None
        return self._pages.show(
            request,
            "look_up.html",
            status=_STATUS[wants],
            headers={"Retry-After": "5"} if _STATUS[wants] == _TOO_OFTEN else None,
            here="/" if wants else None,
            asked=code,
            answer=answer,
            is_guess=is_guess,
            wants=wants and wants.value,
            typed=digits,
            challenge=challenge,
            days_left=due_at and working_days_left(parts.service.calendar, now, due_at),
            mark=_mark(answer) if answer else "",
            now=now,
            behind_s=round(fresh.age_seconds) if fresh else 0,
            samples=() if answer or wants else list(parts.sample_codes()),
        )

    def _found(self, code: str) -> tuple[PublicAnswer | None, bool]:
        """Return the answer for this code or the most similar one, and whether it is a guess."""
        (answer,) = self._look_up.answers([code])
        if answer:
            return answer, False
        likely = self._look_up.answers(likely_codes(code))
        return next(filter(None, likely), None), True


def _mark(answer: PublicAnswer) -> str:
    """Return a short text that changes whenever the answer changes."""
    due = f"{answer.promised_at:%y%m%d%H%M}" if answer.promised_at else ""
    return (
        f"{answer.status:d}.{due}.{answer.on_time:d}"
        if answer.on_time is not None
        else f"{answer.status:d}"
    )
