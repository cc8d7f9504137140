"""Form 06: which office had the dossier at which time, and whether it kept the date.

The decision ends the office's clock, so the holders of the result (`way_back`) have no verdict.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tracker.application.forms.case import Case, Head, NoSuchFormError
from tracker.application.forms.way_back import Leg, way_back
from tracker.domain.deadlines.deadlines import office_time
from tracker.domain.deadlines.time_rules import Pause, TimeRule
from tracker.domain.dossier.clock import is_kept
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received
from tracker.domain.dossier.events.processing import Forwarded, InternalStepTaken, ProcessingStarted
from tracker.domain.dossier.history import occurred_at
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.state import DossierState
from tracker.domain.network.network import Office

_ENDS = frozenset({Step.REFUSED, Step.WITHDRAWN, Step.DECIDED})
_BY_THE_DECIDING_OFFICE = frozenset({Step.FORWARDED, Step.INTERNAL_STEP_TAKEN, Step.DECIDED})


class Verdict(StrEnum):
    """Whether the holder passed the dossier on before the date that was valid then."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A period in which one office or clerk had the dossier; `to_at` is `None` if it still runs.

    `worked` is the office time in the period without pauses, `waited` the office time of pauses.
    `due_at` is the date that was valid at the end of the period.
    """

    office_id: str
    office: Office | None
    unit: str
    clerk: str
    task: str
    from_at: datetime
    to_at: datetime | None
    worked: timedelta
    waited: timedelta
    due_at: datetime | None
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class ControlSlip:
    """The periods from intake to return. `day` is the office time of one working day."""

    head: Head
    received_at: datetime
    first_due_at: datetime | None
    due_at: datetime | None
    finished_at: datetime | None
    returned_at: datetime | None
    day: timedelta
    holdings: tuple[Holding, ...]
    way_back: tuple[Leg, ...]


@dataclass(frozen=True)
class _Span:
    """The period in which an office had the dossier, until `end`; `None` if it still runs."""

    office: str
    from_at: datetime
    end: Event | None
    to_at: datetime | None


def control_slip(case: Case) -> ControlSlip:
    """Return the control slip. Raise `NoSuchFormError` if the dossier was not taken in."""
    dossier = case.dossier
    if dossier.received_at is None:
        raise NoSuchFormError
    rule = case.procedure.rule if case.procedure else TimeRule(None)
    return ControlSlip(
        head=case.head(dossier.offices.decided_by, case.now),
        received_at=dossier.received_at,
        first_due_at=dossier.ledger[0].promise.due_at if dossier.ledger else None,
        due_at=dossier.promise.due_at if dossier.promise else None,
        finished_at=dossier.finished_at,
        returned_at=dossier.returned_at,
        day=rule.hours.worked_until(rule.hours.closes),
        holdings=tuple(_holding(span, case, rule) for span in _spans(case)),
        way_back=way_back(case),
    )


def _spans(case: Case) -> Iterator[_Span]:
    """Yield the spans in order; an internal step ends the span of its clerk."""
    at = occurred_at(case.events)
    office, decides, since = "", "", None
    for event in case.events:
        holder = _held_by(event, office, decides)
        match event:
            case Received():
                office, decides = case.dossier.offices.received_at, event.offices.decided_by
                since = at[event.originator_version]
                continue
            case Forwarded():
                next_office = decides = event.to_office
            case ProcessingStarted() if office != decides:
                next_office = decides
            case InternalStepTaken():
                next_office = holder
            case _ if event.step in _ENDS:
                next_office = ""
            case _:
                continue
        if since is None:
            continue
        to_at = at[event.originator_version]
        yield _Span(holder, since, event, to_at)
        office, since = next_office, to_at
        if event.step in _ENDS:
            return
    if since is not None:
        yield _Span(office, since, None, None)


def _held_by(event: Event, office: str, decides: str) -> str:
    """Return the office that had the dossier before this event, even if it was not forwarded."""
    if event.step in _BY_THE_DECIDING_OFFICE:
        return event.by.office or decides
    if event.step is Step.REFUSED:
        return event.by.office or office
    return office


def _holding(span: _Span, case: Case, rule: TimeRule) -> Holding:
    end, calendar = span.end, case.service.calendar
    until = span.to_at or case.now
    # The event that ends a span may also end pauses, so the state before it is used.
    seen = case.events[: end.originator_version - 1] if end else case.events
    then = DossierState.picture(seen)
    waited = sum(
        (
            office_time(rule, max(start, span.from_at), min(stop, until), calendar)
            for start, stop in _merged(case.dossier.pauses.all(), until)
        ),
        timedelta(),
    )
    due_at = then.promise.due_at if then and then.promise else None
    paused_at = then.pauses.started_at if then else None
    done = end if isinstance(end, InternalStepTaken) else None
    return Holding(
        office_id=span.office,
        office=case.office(span.office),
        unit=done.unit if done else "",
        clerk=done.clerk if done else "",
        task=done.name if done else "",
        from_at=span.from_at,
        to_at=span.to_at,
        worked=office_time(rule, span.from_at, until, calendar) - waited,
        waited=waited,
        due_at=due_at,
        verdict=_verdict(due_at, until, paused_at, case) if due_at else None,
    )


def _verdict(due_at: datetime, until: datetime, paused_at: datetime | None, case: Case) -> Verdict:
    if not is_kept(due_at, finished_at=None, paused_at=paused_at, now=until):
        return Verdict.LATE
    day = case.service.local_day
    return Verdict.ON_TIME if day(paused_at or until) == day(due_at) else Verdict.EARLY


def _merged(pauses: Sequence[Pause], until: datetime) -> list[tuple[datetime, datetime]]:
    """Return the pauses as start and end, with overlapping pauses merged."""
    merged: list[tuple[datetime, datetime]] = []
    for start, stop in sorted((pause.started_at, pause.ended_at or until) for pause in pauses):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return merged
