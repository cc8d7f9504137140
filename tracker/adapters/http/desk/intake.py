"""The intake page, on which a clerk or an agent receives a dossier."""

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
from tracker.adapters.http.desk.auth import DeskAuth, FormAuth, FormSubmission
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
    desk: APIRouter, context: DeskContext, desk_auth: DeskAuth, form_auth: FormAuth
) -> None:
    """Add the pages."""
    service, reader = context.parts.service, context.parts.reader
    shows = Presenter(service.calendar.zone)

    @desk.get("/intake")
    def show_intake(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        procedure: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=60)] = "",
    ) -> HTMLResponse:
        """Show the list of procedures, or the form if exactly one procedure matches."""
        require(browser_session.actor, Step.RECEIVED)
        prefilled: Mapping[str, str] = {}
        if code:
            prefilled = _submitted_input(reader, shows, browser_session.actor, code)
            procedure = procedure or prefilled["procedure"]
        offered, refusal = open_here(service, browser_session.actor, context.today())
        matches = matching(offered, procedure)
        if len(matches) != 1:
            fault = refusal or (
                FormError("no_such_procedure") if procedure and not matches else None
            )
            return context.show(
                request,
                browser_session,
                "procedures.html",
                asked=procedure,
                fault=fault,
                code=code,
                offered=offered,
                found=matches if procedure else offered,
            )
        typed = {"helped_at": browser_session.actor.office, **_papers(matches[0]), **prefilled}
        return _page(
            request,
            browser_session,
            matches[0],
            _form(service, browser_session.actor, context.today(), typed),
        )

    @desk.post("/intake")
    async def take_in(
        request: Request, sent: Annotated[FormSubmission, Depends(form_auth)]
    ) -> Response:
        """Receive the dossier, or show the form again with its errors and all input."""
        actor, typed = sent.browser_session.actor, sent.typed
        form = _form(service, actor, context.today(), typed)
        raw = _consenting(parsed_form(form.fields, form.typed, service.calendar.zone))
        raw |= {name: typed[name] for name in ("procedure", "code", EVENT_ID) if typed.get(name)}
        try:
            accepted = await context.store(sent.browser_session, Intake, raw)
        except ValidationError as error:
            faults, status = errors_in(error, form.fields), UNFIT_STATUS
        except TrackerError as error:
            faults, status = errors_from(error, form.fields), kind_of(error).status
        else:
            return RedirectResponse(f"/desk/dossiers/{accepted.code}?done={Step.RECEIVED}", 303)
        return await run_in_threadpool(_show_again, request, sent, form, faults, status)

    def _show_again(
        request: Request, sent: FormSubmission, form: Form, faults: Faults, status: int
    ) -> HTMLResponse:
        offered, _ = open_here(service, sent.browser_session.actor, context.today())
        chosen = next(
            (version for version in offered if version.code == sent.typed.get("procedure")), None
        )
        return _page(request, sent.browser_session, chosen, replace(form, faults=faults), status)

    def _page(
        request: Request,
        browser_session: BrowserSession,
        procedure: ProcedureVersion | None,
        form: Form,
        status: int = 200,
    ) -> HTMLResponse:
        decides = procedure and service.network.offices.get(procedure.decided_by)
        return context.show(
            request,
            browser_session,
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
    """Return the procedures that this actor may receive today, or the reason if there are none."""
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
    """Return the procedures with this code, or those whose name or code contains all the words.

    Accents and case are ignored; a part of a word matches.
    """
    words = _plain(asked).split()
    exact = [procedure for procedure in offered if procedure.code in asked.split()]
    return exact or [
        procedure
        for procedure in offered
        if words
        and all(
            word in _plain(f"{procedure.code} {procedure.name} {procedure.name_en}")
            for word in words
        )
    ]


def _form(service: Service, actor: Actor, day: date, typed: Mapping[str, str]) -> Form:
    known = {"received_at"} if actor.office else set()
    known |= {"collaborator"} if actor.role is Role.COLLABORATOR else set()
    fields = fields_for(Intake, *_NOT_ASKED, *sorted(known))
    places = open_offices(service, day)
    helpers = [
        collaborator.id
        for collaborator in service.network.collaborators.values()
        if collaborator.serves_on(day) and collaborator.is_trained_on(day)
    ]
    form = Form(
        "intake",
        fields,
        joined_rows(fields, typed),
        starts_at=fields[0].name,
        offers={
            "helped_at": places,
            "received_at": places,
            "collaborator": offers_of((helper, helper, helper) for helper in helpers),
        },
    )
    return replace(form, event_id=typed[EVENT_ID]) if typed.get(EVENT_ID) else form


def _consenting(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the input without notifications if no channel is ticked."""
    consent = "channels" in raw.get("notices", {})
    return {name: value for name, value in raw.items() if consent or name != "notices"}


def _papers(procedure: ProcedureVersion) -> dict[str, str]:
    """Return the required papers of the procedure as form input."""
    return {
        f"papers.{number}.{name}": text
        for number, paper in enumerate(procedure.papers)
        for name, text in (
            ("name", paper.name),
            ("form", paper.form.value),
            ("quantity", str(paper.quantity)),
        )
    }


def _submitted_input(
    reader: DossierReader, shows: Presenter, actor: Actor, code: str
) -> dict[str, str]:
    """Return the data of a dossier that was submitted online, as form input."""
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
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
