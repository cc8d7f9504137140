"""The view of a dossier for its owner: tier 1, by allow-list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.application.queries.dossier_reader import Why, why_of
from tracker.application.service import Service
from tracker.domain.deadlines.time_rules import PauseKind
from tracker.domain.dossier.clock import is_kept
from tracker.domain.dossier.events.delivery import Collected
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.events.processing import Forwarded, SupplementAsked
from tracker.domain.dossier.lifecycle import Progress, PublicStatus, Stage, Step
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import Outcome, Paper, WayOfReturn
from tracker.domain.errors import UnknownError
from tracker.domain.network.network import Office
from tracker.domain.network.procedures import ProcedureVersion
from tracker.domain.notifications.notifications import ask_due_at

Texts = Mapping[int, Mapping[str, str]]
"""The opened texts of the events, by version and field."""

SHOWN = frozenset(
    {
        Step.SUBMITTED,
        Step.RECEIVED,
        Step.REFUSED,
        Step.FORWARDED,
        Step.PROCESSING_STARTED,
        Step.SUPPLEMENT_ASKED,
        Step.SUPPLEMENT_RECEIVED,
        Step.FEE_ASKED,
        Step.FEE_PAID,
        Step.STOPPED,
        Step.RESUMED,
        Step.WITHDRAWN,
        Step.PROMISE_EXTENDED,
        Step.DECIDED,
        Step.HANDED_TO_CARRIER,
        Step.CARRIER_SCANNED,
        Step.DELIVERED,
        Step.DELIVERY_FAILED,
        Step.RETURNED_TO_OFFICE,
        Step.COLLECTED,
        Step.DELIVERED_ELECTRONICALLY,
        Step.RATED,
        Step.COMPLAINED,
        Step.NOTICES_AGREED,
        Step.NOTICES_STOPPED,
    }
)
"""The allow-list of the citizen's timeline: other steps are not shown."""

HIDDEN = frozenset({Step.INTERNAL_STEP_TAKEN, Step.CORRECTED, Step.PERSONAL_DATA_ERASED})
"""The steps that the citizen's timeline omits on purpose."""

_REASONED = frozenset(
    {
        Step.REFUSED,
        Step.SUPPLEMENT_ASKED,
        Step.FEE_ASKED,
        Step.STOPPED,
        Step.PROMISE_EXTENDED,
        Step.DECIDED,
        Step.DELIVERY_FAILED,
    }
)
"""The steps whose reason is written for the applicant."""


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One line of the timeline; a field that the step does not have is empty."""

    step: Step
    at: datetime
    stage: Stage
    """The stage of the dossier after this step."""
    reason: str = ""
    papers: tuple[Paper, ...] = ()
    ask_due_at: datetime | None = None
    amount: int = 0
    due_at: datetime | None = None
    office: Office | None = None
    carrier: str = ""
    number: str = ""
    place: str = ""
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffRead:
    """An access of an office to the dossier; `None` if the reader has no office, as an auditor.

    `opened` says that personal data was opened. The reason is recorded but not shown: it is free
    text that may name another person, and a stranger may find the slip.
    """

    at: datetime
    office: Office | None
    opened: bool


@dataclass(frozen=True, kw_only=True)
class CitizenView:
    """Tier 1: the only fields that citizens see.

    A stranger may find a slip, so these are missing: names, phone, address and id number, the
    members of the staff, and the agent point. `asked` are the missing papers and fees. `apology` is
    the last extension with an apology while its date is valid. `carrier` is the carrier's name.
    """

    code: str
    version: int
    status: PublicStatus
    stage: Stage
    procedure: ProcedureVersion | None
    taken_in_at: Office | None
    decided_by: Office | None
    received_at: datetime | None
    finished_at: datetime | None
    returned_at: datetime | None
    outcome: Outcome | None
    promised_at: datetime | None
    first_promised_at: datetime | None
    on_time: bool | None
    apology: TimelineEntry | None
    asked: tuple[TimelineEntry, ...]
    timeline: tuple[TimelineEntry, ...]
    way_of_return: WayOfReturn
    carrier: str
    parcel_number: str
    why: Why
    may_rate: bool
    score: int | None
    looks: tuple[StaffRead, ...]
    tried_at: datetime | None
    """When somebody last tried wrong digits too often."""


def citizen_view(
    events: Sequence[Event],
    dossier: DossierState,
    texts: Texts,
    service: Service,
    *,
    now: datetime,
    looks: tuple[StaffRead, ...],
    tried_at: datetime | None,
) -> CitizenView:
    """Return the view of a dossier for its owner; `texts` are its opened texts."""
    stage, status = dossier.progress.stage or Stage.SUBMITTED, dossier.progress.status
    timeline = _timeline(events, texts, service)
    promise = dossier.promise if stage not in {Stage.REFUSED, Stage.WITHDRAWN} else None
    face = service.network.public_face
    return CitizenView(
        code=dossier.code,
        version=dossier.version,
        status=status or PublicStatus.SUBMITTED,
        stage=stage,
        procedure=_procedure(dossier, service),
        taken_in_at=face(dossier.offices.received_at),
        decided_by=face(dossier.offices.decided_by),
        received_at=dossier.received_at,
        finished_at=dossier.finished_at,
        returned_at=dossier.returned_at,
        outcome=dossier.outcome,
        promised_at=promise.due_at if promise else None,
        first_promised_at=dossier.ledger[0].promise.due_at if promise else None,
        on_time=is_kept(
            promise.due_at,
            finished_at=dossier.finished_at,
            paused_at=dossier.pauses.started_at,
            now=now,
        )
        if promise
        else None,
        apology=_apology(timeline, dossier) if promise else None,
        asked=_asked(timeline, dossier.progress),
        timeline=timeline,
        way_of_return=dossier.way_of_return,
        carrier=_carrier(dossier.carrier, service),
        parcel_number=dossier.parcel_number,
        why=why_of(dossier, service, service.local_day(now)),
        may_rate=Step.RATED in dossier.allowed_steps(),
        score=dossier.score,
        looks=looks,
        tried_at=tried_at,
    )


def _procedure(dossier: DossierState, service: Service) -> ProcedureVersion | None:
    try:
        return service.catalogue.version(dossier.procedure, dossier.procedure_version)
    except UnknownError:
        return None


def _timeline(events: Sequence[Event], texts: Texts, service: Service) -> tuple[TimelineEntry, ...]:
    entries: list[TimelineEntry] = []
    progress = Progress()
    for event in events:
        progress = progress.after(event.step)
        if event.step in SHOWN:
            opened = texts.get(event.originator_version, {})
            entries.append(
                TimelineEntry(
                    step=event.step,
                    at=event.occurred_at,
                    stage=progress.stage or Stage.SUBMITTED,
                    reason=opened.get("reason", "") if event.step in _REASONED else "",
                    papers=event.papers if isinstance(event, SupplementAsked) else (),
                    ask_due_at=ask_due_at(event),
                    amount=getattr(event, "amount", 0),
                    due_at=_due_at(event),
                    office=service.network.public_face(_office(event)),
                    carrier=_carrier(getattr(event, "carrier", ""), service),
                    number=getattr(event, "number", ""),
                    place=opened.get("whereabouts", getattr(event, "place", "")),
                    meaning=getattr(event, "meaning", ""),
                )
            )
    return tuple(entries)


def _office(event: Event) -> str:
    match event:
        case Submitted() | Received():
            return event.offices.received_at
        case Forwarded():
            return event.to_office
        case Collected():
            return event.at_office
        case _:
            return ""


def _carrier(partner_id: str, service: Service) -> str:
    partner = service.network.partners.get(partner_id)
    return partner.name if partner else partner_id


def _due_at(event: Event) -> datetime | None:
    promise = getattr(event, "promise", None)
    return promise.due_at if promise else None


def _apology(timeline: Sequence[TimelineEntry], dossier: DossierState) -> TimelineEntry | None:
    """Return the last extension, unless a later promise replaced it."""
    latest = dossier.ledger[-1].step if dossier.ledger else None
    if latest is not Step.PROMISE_EXTENDED or dossier.finished_at is not None:
        return None
    return next(entry for entry in reversed(timeline) if entry.step is Step.PROMISE_EXTENDED)


def _asked(timeline: Sequence[TimelineEntry], progress: Progress) -> tuple[TimelineEntry, ...]:
    waits = {PauseKind.SUPPLEMENT: Step.SUPPLEMENT_ASKED, PauseKind.FEE: Step.FEE_ASKED}
    return tuple(
        next(entry for entry in reversed(timeline) if entry.step is step)
        for kind, step in waits.items()
        if kind in progress.pauses and progress.stage is not None
    )
