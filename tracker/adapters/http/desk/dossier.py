"""The pages on which a member of staff finds a dossier and records what happens next."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError

from tracker.adapters.http.answers import EventAnswer, PersonalEntry
from tracker.adapters.http.desk.doors import AtTheDesk, FormSent, Sent, Visit
from tracker.adapters.http.desk.filling import drawn_together, filled
from tracker.adapters.http.desk.form import (
    EVENT_ID,
    IF_VERSION,
    Form,
    Offer,
    boxes_for,
    offers_of,
)
from tracker.adapters.http.desk.front import Front
from tracker.adapters.http.desk.intake import places_open
from tracker.adapters.http.desk.sayings import Faults, Saying, faults_from, faults_in
from tracker.adapters.http.pages.rendering import language_of
from tracker.adapters.http.problems import kind_of
from tracker.adapters.http.showing import Shows
from tracker.application.messages import MESSAGES
from tracker.application.posts import UnknownDossierError
from tracker.application.reading import Opened
from tracker.application.texts import Line
from tracker.domain.actors import Actor, Read, require
from tracker.domain.codes import tidied
from tracker.domain.errors import TrackerError, UnknownError
from tracker.domain.lifecycle import STEPS, Step
from tracker.domain.network import OfficeKind
from tracker.domain.wording import why_sentence

_REASON: TypeAdapter[str] = TypeAdapter(Line)
_UNFIT = 422


@dataclass(frozen=True)
class Told:
    """What the page tells beside the dossier itself.

    `done` was just recorded. `seen` is the version the clerk had seen when another acted first.
    `entries` are the personal data, where they were asked for; `fault` why they were not given.
    """

    done: Step | None = None
    form: Form | None = None
    seen: int | None = None
    entries: Sequence[PersonalEntry] | None = None
    fault: Saying | None = None


def add_dossier_pages(
    desk: APIRouter, front: Front, at_the_desk: AtTheDesk, form_sent: FormSent
) -> None:
    """Add the pages."""
    parts, service = front.parts, front.parts.service
    reader, shows = parts.reader, Shows(service.calendar.zone)

    @desk.get("/dossiers")
    def find(
        request: Request,
        visit: Annotated[Visit, Depends(at_the_desk)],
        code: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """Find a dossier by its code, however it was typed."""
        require(visit.actor, Read.DOSSIER)
        asked = tidied(code)
        if asked and parts.used([asked]):
            return RedirectResponse(f"/desk/dossiers/{quote(asked)}", 303)
        status = 404 if asked else 200
        return front.show(request, visit, "find.html", status=status, asked=code)

    @desk.get("/dossiers/{code}")
    def show_for_desk(
        request: Request,
        visit: Annotated[Visit, Depends(at_the_desk)],
        code: str,
        done: Step | None = None,
    ) -> HTMLResponse:
        """Show where a dossier stands, and what this person may do with it now."""
        return _page(request, visit, code, Told(done=done))

    @desk.post("/dossiers/{code}/steps/{step}")
    async def take_step_at_desk(
        request: Request, sent: Annotated[Sent, Depends(form_sent)], code: str, step: Step
    ) -> Response:
        """Record a step, or show what stands against it, with all that was typed."""
        message, typed = MESSAGES.get(step), sent.typed
        if message is None:
            raise UnknownStepError
        boxes = boxes_for(message)
        form = Form(step.value, boxes, drawn_together(boxes, typed))
        raw = filled(boxes, form.typed, service.calendar.zone)
        raw |= {"step": step.value, "code": code, EVENT_ID: typed.get(EVENT_ID, "")}
        seen = typed.get(IF_VERSION, "")
        version = int(seen) if seen.isdecimal() else 0
        try:
            await front.store(sent.visit, message, raw, version)
        except UnknownDossierError:
            raise
        except ValidationError as error:
            faults, status = faults_in(error, boxes), _UNFIT
        except TrackerError as error:
            faults, status = faults_from(error, boxes), kind_of(error).status
        else:
            return RedirectResponse(f"/desk/dossiers/{quote(code)}?done={step}", 303)
        told = Told(form=replace(form, faults=faults, event_id=raw[EVENT_ID]), seen=version)
        return await run_in_threadpool(_page, request, sent.visit, code, told, status)

    @desk.post("/dossiers/{code}/personal-data")
    def show_personal_data_at_desk(
        request: Request, sent: Annotated[Sent, Depends(form_sent)], code: str
    ) -> HTMLResponse:
        """Show what is sealed to whoever says why; both are recorded."""
        try:
            reason = _REASON.validate_python(sent.typed.get("why", ""))
        except ValidationError:
            return _page(request, sent.visit, code, Told(fault=Saying("missing")), _UNFIT)
        entries = shows.opened(reader.personal_data(sent.visit.actor, tidied(code), reason))
        return _page(request, sent.visit, code, Told(entries=entries))

    def _page(
        request: Request, visit: Visit, code: str, told: Told, status: int = 200
    ) -> HTMLResponse:
        opened = reader.whole(visit.actor, tidied(code))
        dossier = opened.dossier
        steps = dossier.steps_for(visit.actor)
        forms = [
            told.form if told.form and told.form.name == step else Form(step.value, ())
            for step in steps
            if step in MESSAGES
        ]
        if told.form and told.form.name not in steps:
            forms.insert(0, told.form)
        offers = _offers(visit.actor, opened)
        by_use = sorted(forms, key=lambda form: not _moves(Step(form.name)))
        return front.show(
            request,
            visit,
            "dossier.html",
            status=status,
            here=f"/desk/dossiers/{quote(dossier.code)}",
            dossier=dossier,
            procedure=_procedure(opened),
            history=[shows.event(event) for event in opened.events or ()],
            why=why_sentence(
                opened.why.reckoned.steps if opened.why.reckoned else (), language_of(request)
            ),
            told=told,
            steps=steps,
            forms=[_ready(form, offers, visit.actor) for form in by_use],
            may_open=_may_open(visit.actor, opened),
            offices=service.network.offices,
            now=parts.now(),
        )
