"""The page of one dossier: where it stands, and what whoever opened it may do with it now."""

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
"""The paper that goes with a step."""


@dataclass(frozen=True)
class Told:
    """What the page tells beside the dossier itself.

    `done` was just recorded. `form` was sent in vain, when the clerk had seen version `seen`.
    `entries` are the personal data, where they were asked for; `fault` why they were not given.
    """

    done: Step | None = None
    form: Form | None = None
    seen: int | None = None
    entries: Sequence[PersonalEntry] | None = None
    fault: FormError | None = None


class DossierPage:
    """The page of one dossier."""

    def __init__(self, front: DeskContext) -> None:
        """Show it at this desk."""
        self._front = front
        self._service = front.parts.service
        self._shows = Presenter(self._service.calendar.zone)

    def show(
        self, request: Request, visit: BrowserSession, code: str, told: Told, status: int = 200
    ) -> HTMLResponse:
        """Show the dossier as it stands; this look is recorded."""
        actor = visit.actor
        opened = self._front.parts.reader.whole(actor, tidied(code))
        dossier, reckoned = opened.dossier, opened.why.reckoned
        steps = [step for step in dossier.steps_for(actor) if step in COMMANDS]
        if told.form and told.form.name not in steps:
            steps.append(Step(told.form.name))
        offers = self._offers(dossier)
        forms = [self._form(step, told.form, offers, actor) for step in steps]
        return self._front.show(
            request,
            visit,
            "dossier.html",
            status=status,
            here=f"/desk/dossiers/{quote(dossier.code)}",
            dossier=dossier,
            procedure=self._procedure(dossier),
            history=[self._shows.event(event) for event in opened.events or ()],
            due=promised_in(opened.events or ()),
            ask_due=asked_by_in(opened.events or ()),
            corrected=put_right_in(opened.events or ()),
            why=why_sentence(reckoned.steps if reckoned else (), language_of(request)),
            told=told,
            is_handed_in=Step.RECEIVED in dossier.steps_for(actor),
            moving=[form for form in forms if _moves(Step(form.name))],
            noting=[form for form in forms if not _moves(Step(form.name))],
            may_open=may_open(actor, dossier),
            printable=printable(actor, dossier, opened.events or ()),
            form_of=_FORMS,
            offices=self._service.network.offices,
            now=self._front.parts.now(),
        )

    def _form(self, step: Step, sent: Form | None, offers: Offers, actor: Actor) -> Form:
        """Return the form of this step: the one just sent in vain, or an empty one."""
        if sent and sent.name == step:
            return replace(sent, offers=offers)
        usual = {"at_office": actor.office, "clerk": actor.id}
        return Form(step.value, fields_for(COMMANDS[step]), usual, offers=offers)

    def _offers(self, dossier: DossierState) -> Offers:
        network, today = self._service.network, self._front.today()
        return {
            "at_office": open_offices(self._service, today),
            "carrier": offers_of(
                (one.id, one.name, one.name)
                for one in network.partners.values()
                if one.carrier and one.exists_on(today)
            ),
            "to_office": offers_of(
                (one.id, one.name, one.name_en)
                for one in network.offices.values()
                if one.kind is OfficeKind.DEPARTMENT
                and one.exists_on(today)
                and one.id != dossier.offices.decided_by
            ),
        }

    def _procedure(self, dossier: DossierState) -> ProcedureVersion | None:
        try:
            return self._service.catalogue.version(dossier.procedure, dossier.procedure_version)
        except UnknownError:
            return None


def promised_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return the dates promised, by the versions of the events that promised them."""
    promises = {event.originator_version: getattr(event, "promise", None) for event in events}
    return {version: promise.due_at for version, promise in promises.items() if promise}


def asked_by_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return by when what was asked is to be done, by the versions of the events that asked."""
    return {event.originator_version: due for event in events if (due := ask_due_at(event))}


def put_right_in(events: Iterable[Event]) -> dict[int, datetime]:
    """Return the times put right, by the versions of the events that did it."""
    return {
        event.originator_version: datetime.fromisoformat(event.value)
        for event in events
        if isinstance(event, Corrected) and event.what is Correctable.OCCURRED_AT
    }


def _moves(step: Step) -> bool:
    """Return whether this step takes the dossier further, or only adds to its record."""
    rule = STEPS[step]
    return bool(rule.to or rule.opens or rule.closes)


def may_open(actor: Actor, dossier: DossierState) -> bool:
    """Return whether this actor may open the personal data of this dossier, once they say why."""
    return not dossier.personal_data_erased and _may_read_person(actor, dossier, for_a_reason=True)


def printable(actor: Actor, dossier: DossierState, events: Iterable[Event]) -> list[FormNumber]:
    """Return the forms that this dossier has and this actor may have, in their order."""
    told = {_FORMS[event.step] for event in events if event.step in _FORMS}
    found = told if _may_read_person(actor, dossier, for_a_reason=False) else set()
    if dossier.received_at:
        found |= {FormNumber.RECEIPT}
        if Read.HISTORY in MAY[actor.role]:
            found |= {FormNumber.CONTROL}
    return sorted(found)


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
