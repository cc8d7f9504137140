"""The page on which a clerk or an agent takes a dossier in."""

import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth, FormAuth, Sent
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.form import EVENT_ID, Form, fields_for, offers_of
from tracker.adapters.http.desk.form_errors import Faults, FormError, errors_from, errors_in
from tracker.adapters.http.desk.form_parsing import joined_rows, parsed_form
from tracker.adapters.http.desk.office_choices import open_offices
from tracker.adapters.http.schema.presenters import Presenter
from tracker.adapters.http.schema.problems import UNFIT_STATUS, kind_of
from tracker.application.commands.intake import Intake
from tracker.application.queries.dossier_reader import DossierReader
from tracker.application.recovery.key_loss import KeyLostError
from tracker.application.service import Service
from tracker.domain.dossier.actors import Actor, Role, require
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.errors import NotAllowedError, RefusedError, TrackerError
from tracker.domain.network.admission import check_admission
from tracker.domain.network.procedures import ProcedureVersion

_WHY_READ = "tiếp nhận tại quầy"
_NOT_ASKED = ("procedure", "promised_at")


def add_intake(
    desk: APIRouter, front: DeskContext, at_the_desk: DeskAuth, form_sent: FormAuth
) -> None:
    """Add the pages."""
    service, reader = front.parts.service, front.parts.reader
    shows = Presenter(service.calendar.zone)

    @desk.get("/intake")
    def show_intake(
        request: Request,
        visit: Annotated[BrowserSession, Depends(at_the_desk)],
        procedure: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=60)] = "",
    ) -> HTMLResponse:
        """Let a procedure be chosen, then show the form for it."""
        require(visit.actor, Step.RECEIVED)
        begun: Mapping[str, str] = {}
        if code:
            begun = _handed_in(reader, shows, visit.actor, code)
            procedure = procedure or begun["procedure"]
        offered, refusal = open_here(service, visit.actor, front.today())
        found = matching(offered, procedure)
        if len(found) != 1:
            fault = refusal or (FormError("no_such_procedure") if procedure and not found else None)
            return front.show(
                request,
                visit,
                "procedures.html",
                asked=procedure,
                fault=fault,
                code=code,
                offered=offered,
                found=found if procedure else offered,
            )
        typed = {"helped_at": visit.actor.office, **_papers(found[0]), **begun}
        return _page(request, visit, found[0], _form(service, visit.actor, front.today(), typed))

    @desk.post("/intake")
    async def take_in(request: Request, sent: Annotated[Sent, Depends(form_sent)]) -> Response:
        """Take the dossier in, or show what does not fit, with all that was typed."""
        actor, typed = sent.visit.actor, sent.typed
        form = _form(service, actor, front.today(), typed)
        raw = _consenting(parsed_form(form.boxes, form.typed, service.calendar.zone))
        raw |= {name: typed[name] for name in ("procedure", "code", EVENT_ID) if typed.get(name)}
        try:
            accepted = await front.store(sent.visit, Intake, raw)
        except ValidationError as error:
            faults, status = errors_in(error, form.boxes), UNFIT_STATUS
        except TrackerError as error:
            faults, status = errors_from(error, form.boxes), kind_of(error).status
        else:
            return RedirectResponse(f"/desk/dossiers/{accepted.code}?done={Step.RECEIVED}", 303)
        return await run_in_threadpool(_again, request, sent, form, faults, status)

    def _again(
        request: Request, sent: Sent, form: Form, faults: Faults, status: int
    ) -> HTMLResponse:
        offered, _ = open_here(service, sent.visit.actor, front.today())
        chosen = next((one for one in offered if one.code == sent.typed.get("procedure")), None)
        return _page(request, sent.visit, chosen, replace(form, faults=faults), status)

    def _page(
        request: Request,
        visit: BrowserSession,
        procedure: ProcedureVersion | None,
        form: Form,
        status: int = 200,
    ) -> HTMLResponse:
        decides = procedure and service.network.offices.get(procedure.decided_by)
        return front.show(
            request,
            visit,
            "intake.html",
            status=status,
            here="/desk/intake",
            form=form,
            procedure=procedure,
            decides=decides,
        )


def open_here(
    service: Service, actor: Actor, day: date
) -> tuple[list[ProcedureVersion], FormError | None]:
    """Return what this actor may take in where it stands today; and why not, where it is nothing."""
    offered, refusal = [], None
    collaborator = actor.id if actor.role is Role.COLLABORATOR else None
    for procedure in service.catalogue.in_force_on(day):
        if actor.role is Role.ADMINISTRATOR:
            offered.append(procedure)
            continue
        try:
            check_admission(
                service.network,
                service.catalogue,
                office_id=actor.office,
                collaborator_id=collaborator,
                procedure_code=procedure.code,
                on=day,
            )
        except RefusedError as error:
            (refusal,) = errors_from(error).values()
        else:
            offered.append(procedure)
    return offered, None if offered else refusal


def matching(offered: Iterable[ProcedureVersion], asked: str) -> list[ProcedureVersion]:
    """Return the procedures whose code is named, else those whose name or code has all the words.

    Accents and capitals make no difference, and a word may be cut short.
    """
    words = _plain(asked).split()
    exact = [one for one in offered if one.code in asked.split()]
    return exact or [
        one
        for one in offered
        if words and all(word in _plain(f"{one.code} {one.name} {one.name_en}") for word in words)
    ]


def _form(service: Service, actor: Actor, day: date, typed: Mapping[str, str]) -> Form:
    known = {"received_at"} if actor.office else set()
    known |= {"collaborator"} if actor.role is Role.COLLABORATOR else set()
    boxes = fields_for(Intake, *_NOT_ASKED, *sorted(known))
    places = open_offices(service, day)
    helpers = [
        one.id
        for one in service.network.collaborators.values()
        if one.serves_on(day) and one.is_trained_on(day)
    ]
    form = Form(
        "intake",
        boxes,
        joined_rows(boxes, typed),
        starts_at=boxes[0].name,
        offers={
            "helped_at": places,
            "received_at": places,
            "collaborator": offers_of((one, one, one) for one in helpers),
        },
    )
    return replace(form, event_id=typed[EVENT_ID]) if typed.get(EVENT_ID) else form


def _consenting(raw: dict[str, Any]) -> dict[str, Any]:
    """Leave the notices out where nothing is ticked: a language alone is no consent."""
    consent = "channels" in raw.get("notices", {})
    return {name: value for name, value in raw.items() if consent or name != "notices"}


def _papers(procedure: ProcedureVersion) -> dict[str, str]:
    """Return the papers the procedure needs, as if they had been typed."""
    return {
        f"papers.{number}.{name}": text
        for number, paper in enumerate(procedure.papers)
        for name, text in (
            ("name", paper.name),
            ("form", paper.form.value),
            ("quantity", str(paper.quantity)),
        )
    }


def _handed_in(reader: DossierReader, shows: Presenter, actor: Actor, code: str) -> dict[str, str]:
    """Return what is known of a dossier that was handed in unseen, as if it had been typed."""
    dossier = reader.whole(actor, code).dossier
    typed = {
        "code": dossier.code,
        "procedure": dossier.procedure,
        "way_of_return": dossier.way_of_return.value,
        "helped_at": dossier.offices.helped_at,
    }
    with suppress(NotAllowedError, KeyLostError):
        for entry in shows.opened(reader.personal_data(actor, code, _WHY_READ)):
            typed |= {f"applicant.{name}": text for name, text in (entry.applicant or {}).items()}
    return typed


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
