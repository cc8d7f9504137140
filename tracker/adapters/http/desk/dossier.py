"""The page of one dossier: its status, and the steps that the user may record now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse

from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.form import Form, Offer, fields_for, offers_of
from tracker.adapters.http.desk.form_errors import FormError
from tracker.adapters.http.desk.office_choices import open_offices
from tracker.adapters.http.pages.rendering import language_of
from tracker.adapters.http.schema.presenters import Presenter
from tracker.adapters.http.schema.responses import PersonalEntry
from tracker.application.commands.registry import COMMANDS
from tracker.application.queries.fill_form import FormNumber
from tracker.domain.deadlines.wording import why_sentence
from tracker.domain.dossier.actors import MAY, Actor, Read, require_reading
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import STEPS, Step
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import Correctable
from tracker.domain.errors import NotAllowedError, UnknownError
from tracker.domain.network.network import OfficeKind
from tracker.domain.network.procedures import ProcedureVersion
from tracker.domain.notifications.notifications import ask_due_at

Offers = Mapping[str, Sequence[Offer]]

_FORMS: Mapping[Step, FormNumber] = {
    Step.SUPPLEMENT_ASKED: FormNumber.SUPPLEMENT,
    Step.REFUSED: FormNumber.REFUSAL,
    Step.PROMISE_EXTENDED: FormNumber.APOLOGY,
    Step.STOPPED: FormNumber.STOPPING,
}
"""The form to print after a step."""


@dataclass(frozen=True)
class ActionResult:
    """The result of the last action on the page.

    `done` is the step that was just recorded. `form` is a rejected form, sent when the clerk had
    seen version `seen`. `entries` are the opened personal data; `fault` is the reason why they
    were not opened.
    """

    done: Step | None = None
    form: Form | None = None
    seen: int | None = None
    entries: Sequence[PersonalEntry] | None = None
    fault: FormError | None = None


class DossierPage:
    """The page of one dossier."""

    def __init__(self, context: DeskContext) -> None:
        """Use the services of this desk."""
        self._context = context
        self._service = context.parts.service
        self._shows = Presenter(self._service.calendar.zone)

    def show(
        self,
        request: Request,
        browser_session: BrowserSession,
        code: str,
        result: ActionResult,
        status: int = 200,
    ) -> HTMLResponse:
        """Return the page of the dossier. The access is logged."""
        actor = browser_session.actor
        opened = self._context.parts.reader.whole(actor, tidied(code))
        dossier, reckoned = opened.dossier, opened.why.reckoned
        steps = [step for step in dossier.steps_for(actor) if step in COMMANDS]
        if result.form and result.form.name not in steps:
            steps.append(Step(result.form.name))
        offers = self._offers(dossier)
        forms = [self._form(step, result.form, offers, actor) for step in steps]
        return self._context.show(
            request,
            browser_session,
            "dossier.html",
            status=status,
            here=f"/desk/dossiers/{quote(dossier.code)}",
            dossier=dossier,
            procedure=self._procedure(dossier),
            history=[self._shows.event(event) for event in opened.events or ()],
            due=promised_in(opened.events or ()),
            ask_due=ask_due_in(opened.events or ()),
            corrected=corrected_times_in(opened.events or ()),
            why=why_sentence(reckoned.steps if reckoned else (), language_of(request)),
            result=result,
            is_handed_in=Step.RECEIVED in dossier.steps_for(actor),
            moving=[form for form in forms if _changes_stage(Step(form.name))],
            noting=[form for form in forms if not _changes_stage(Step(form.name))],
            may_open=may_open(actor, dossier),
            printable=printable(actor, dossier, opened.events or ()),
            form_of=_FORMS,
            offices=self._service.network.offices,
            now=self._context.parts.now(),
        )

    def _form(self, step: Step, sent: Form | None, offers: Offers, actor: Actor) -> Form:
        """Return the form of this step: the rejected one, or an empty one."""
        if sent and sent.name == step:
            return replace(sent, offers=offers)
        defaults = {"at_office": actor.office, "clerk": actor.id}
        return Form(step.value, fields_for(COMMANDS[step]), defaults, offers=offers)

    def _offers(self, dossier: DossierState) -> Offers:
        network, today = self._service.network, self._context.today()
        return {
            "at_office": open_offices(self._service, today),
            "carrier": offers_of(
                (partner.id, partner.name, partner.name)
                for partner in network.partners.values()
                if partner.carrier and partner.exists_on(today)
            ),
            "to_office": offers_of(
                (office.id, office.name, office.name_en)
                for office in network.offices.values()
                if office.kind is OfficeKind.DEPARTMENT
                and office.exists_on(today)
                and office.id != dossier.offices.decided_by
            ),
        }

    def _procedure(self, dossier: DossierState) -> ProcedureVersion | None:
        try:
            return self._service.catalogue.version(dossier.procedure, dossier.procedure_version)
        except UnknownError:
            return None


def promised_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return the promised dates by the versions of the events that set them."""
    promises = {event.originator_version: getattr(event, "promise", None) for event in events}
    return {version: promise.due_at for version, promise in promises.items() if promise}


def ask_due_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return the due times of requests for papers or fees, by event version."""
    return {event.originator_version: due for event in events if (due := ask_due_at(event))}


def corrected_times_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return the corrected times by the versions of the correcting events."""
    return {
        event.originator_version: datetime.fromisoformat(event.value)
        for event in events
        if isinstance(event, Corrected) and event.what is Correctable.OCCURRED_AT
    }


def _changes_stage(step: Step) -> bool:
    """Return whether this step changes the stage or pauses or resumes the clock."""
    rule = STEPS[step]
    return bool(rule.to or rule.opens or rule.closes)


def may_open(actor: Actor, dossier: DossierState) -> bool:
    """Return whether this actor may open the personal data if they give a reason."""
    return not dossier.personal_data_erased and _may_read_person(actor, dossier, for_a_reason=True)


def printable(actor: Actor, dossier: DossierState, events: Iterable[Event]) -> list[FormNumber]:
    """Return the numbers of the forms that exist and that this actor may print, sorted."""
    issued = {_FORMS[event.step] for event in events if event.step in _FORMS}
    numbers = issued if _may_read_person(actor, dossier, for_a_reason=False) else set()
    if dossier.received_at:
        numbers |= {FormNumber.RECEIPT}
        if Read.HISTORY in MAY[actor.role]:
            numbers |= {FormNumber.CONTROL}
    return sorted(numbers)


def _may_read_person(actor: Actor, dossier: DossierState, *, for_a_reason: bool) -> bool:
    offices = dossier.offices
    try:
        require_reading(
            actor,
            Read.PERSONAL_DATA,
            offices=(offices.helped_at, offices.received_at, offices.decided_by),
            for_a_reason=for_a_reason,
        )
    except NotAllowedError:
        return False
    return True
