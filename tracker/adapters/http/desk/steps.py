"""Find a dossier, open it, and record its next step."""

import re
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError

from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth, FormAuth, FormSubmission
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.dossier import ActionResult, DossierPage
from tracker.adapters.http.desk.form import EVENT_ID, IF_VERSION, Form, fields_for
from tracker.adapters.http.desk.form_errors import FormError, errors_from, errors_in
from tracker.adapters.http.desk.form_parsing import joined_rows, nested, parsed_form
from tracker.adapters.http.schema.presenters import Presenter
from tracker.adapters.http.schema.problems import UNFIT_STATUS, kind_of
from tracker.application.commands.registry import COMMANDS
from tracker.application.commands.text_types import Line
from tracker.domain.dossier.actors import Read, Role, require
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.misread_codes import likely_codes
from tracker.domain.dossier.values import Correctable
from tracker.domain.errors import TrackerError, UnknownError

_SCANNED = re.compile(r"\S*/h/([^/\s?#]{3,100})/\S*")
"""The text that a hand scanner types when it reads the QR code of a receipt."""

_REASON: TypeAdapter[str] = TypeAdapter(Line)


def add_finding(desk: APIRouter, context: DeskContext, desk_auth: DeskAuth) -> None:
    """Add the pages that only read."""
    page = DossierPage(context)

    @desk.get("/dossiers")
    def find(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        code: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """Redirect to the dossier with this code, or offer similar codes that exist."""
        require(browser_session.actor, Read.DOSSIER)
        scanned = _SCANNED.fullmatch(code.strip())
        asked = tidied(scanned[1] if scanned else code)
        if asked and context.parts.used([asked]):
            page_path = "/replay" if browser_session.actor.role is Role.AUDITOR else ""
            return RedirectResponse(f"/desk/dossiers/{quote(asked)}{page_path}", 303)
        likely = context.parts.used(likely_codes(asked))
        status = 404 if asked and not likely else 200
        return context.show(
            request, browser_session, "find.html", status=status, asked=code, likely=likely
        )

    @desk.get("/dossiers/{code}")
    def open_dossier(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        code: str,
        done: Step | None = None,
    ) -> HTMLResponse:
        """Show a dossier and the steps that the user may record now."""
        return page.show(request, browser_session, code, ActionResult(done=done))


def add_recording(desk: APIRouter, context: DeskContext, form_auth: FormAuth) -> None:
    """Add the forms of the dossier page."""
    page, reader = DossierPage(context), context.parts.reader
    zone = context.parts.service.calendar.zone
    shows = Presenter(zone)

    @desk.post("/dossiers/{code}/steps/{step}")
    async def record_step(
        request: Request, sent: Annotated[FormSubmission, Depends(form_auth)], code: str, step: Step
    ) -> Response:
        """Record a step, or show the form again with its errors and all input."""
        command, typed = COMMANDS.get(step), sent.typed
        if command is None:
            raise UnknownError
        fields, event_id = fields_for(command), typed.get(EVENT_ID, "")
        form = Form(step.value, fields, joined_rows(fields, typed), event_id=event_id)
        raw = parsed_form(fields, form.typed, zone)
        raw |= {"step": step.value, "code": code, EVENT_ID: event_id}
        if raw.get("what") == Correctable.OCCURRED_AT and "value" in raw:
            raw["value"] = nested(raw["value"], zone)
        seen = _number(typed.get(IF_VERSION, ""))
        try:
            await context.store(sent.browser_session, command, raw, seen)
        except ValidationError as error:
            form, status = replace(form, faults=errors_in(error, fields)), UNFIT_STATUS
        except TrackerError as error:
            form, status = replace(form, faults=errors_from(error, fields)), kind_of(error).status
        else:
            return RedirectResponse(f"/desk/dossiers/{quote(code)}?done={step}", 303)
        result = ActionResult(form=form, seen=seen)
        return await run_in_threadpool(
            page.show, request, sent.browser_session, code, result, status
        )

    @desk.post("/dossiers/{code}/personal-data")
    def open_personal_data(
        request: Request, sent: Annotated[FormSubmission, Depends(form_auth)], code: str
    ) -> HTMLResponse:
        """Show the personal data. The access and its reason are logged."""
        try:
            reason = _REASON.validate_python(sent.typed.get("why", ""))
        except ValidationError:
            return page.show(
                request,
                sent.browser_session,
                code,
                ActionResult(fault=FormError("missing")),
                UNFIT_STATUS,
            )
        entries = shows.opened(
            reader.personal_data(sent.browser_session.actor, tidied(code), reason)
        )
        return page.show(request, sent.browser_session, code, ActionResult(entries=entries))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0
