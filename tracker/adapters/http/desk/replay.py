"""The history page of auditors: a dossier at two moments side by side, and its access log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth
from tracker.adapters.http.desk.context import DeskContext
from tracker.adapters.http.desk.dossier import (
    ActionResult,
    ask_due_in,
    corrected_times_in,
    may_open,
    promised_in,
)
from tracker.adapters.http.pages.rendering import language_of
from tracker.adapters.http.pages.working_days import working_days_left
from tracker.adapters.http.schema.presenters import Presenter
from tracker.adapters.http.schema.responses import EventAnswer
from tracker.application.queries.dossier_reader import Moment, why_of
from tracker.application.service import Service
from tracker.domain.deadlines.wording import Language, why_sentence
from tracker.domain.dossier.clock import is_kept
from tracker.domain.dossier.codes import tidied
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.history import (
    came_late,
    corrections,
    cut,
    occurred_at,
    out_of_order,
    turning_points,
)
from tracker.domain.dossier.lifecycle import Stage
from tracker.domain.dossier.state import DossierState
from tracker.domain.dossier.values import Outcome, WayOfReturn

_NOTHING_DUE = frozenset({Stage.REFUSED, Stage.WITHDRAWN})

_Place = Annotated[int | None, Field(ge=0)]
"""The index of a turning point, from 0."""


class Sliders(BaseModel):
    """The slider positions of a page, and the number of events that the sliders cover.

    With this number the address keeps showing the same moments when new events arrive; only the
    last position, now, changes.
    """

    events: Annotated[int | None, Field(ge=1)] = None
    as_of: _Place = None
    known_at: _Place = None
    as_of_2: _Place = None
    known_at_2: _Place = None

    def places(self, usual: int, last: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the positions of both moments: `usual` and `last` by default."""

        def within(place: int | None, default: int) -> int:
            return default if place is None else min(place, last)

        return (
            (within(self.as_of, usual), within(self.known_at, usual)),
            (within(self.as_of_2, last), within(self.known_at_2, last)),
        )


@dataclass(frozen=True, kw_only=True)
class PastState:
    """The state of a dossier at a moment. A value that it did not have yet is `None`.

    `is_kept` is whether the latest promise was kept so far, `days_left` the number of working days
    to the promised date, `why` the explanation of that date with the calendar known then.
    """

    stage: Stage
    promised_at: datetime | None
    is_kept: bool | None
    days_left: int | None
    paused_since: datetime | None
    first_promised_at: datetime | None
    why: str
    received_at: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    returned_at: datetime | None
    helped_at: str
    taken_in_at: str
    decided_by: str
    way_of_return: WayOfReturn
    parcel_number: str
    score: int | None
    personal_data_erased: bool | None


@dataclass(frozen=True)
class Side:
    """One of the two moments: its slider positions and the state of the dossier.

    `state` is `None` if no event had happened or was known by then.
    """

    as_of: int
    known_at: int
    versions: frozenset[int]
    state: PastState | None


@dataclass(frozen=True)
class Comparison:
    """One value at the first moment and at the second."""

    left: object
    right: object

    @property
    def differs(self) -> bool:
        """Return whether the two values differ."""
        return self.left != self.right


@dataclass(frozen=True)
class EventLine:
    """One event of the list. `late_by` is its delay if it was recorded late.

    `happened_at` is its time after all corrections; `around` is the address of the page that
    shows the dossier before and after it.
    """

    event: EventAnswer
    late_by: timedelta | None
    is_out_of_order: bool
    corrected_by: Sequence[int]
    happened_at: datetime
    around: str


def add_replay(desk: APIRouter, context: DeskContext, desk_auth: DeskAuth) -> None:
    """Add the page."""
    service, reader = context.parts.service, context.parts.reader
    shows = Presenter(service.calendar.zone)

    @desk.get("/dossiers/{code}/replay")
    def show_replay(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        code: str,
        sliders: Annotated[Sliders, Query()],
    ) -> HTMLResponse:
        """Show all events, the two moments side by side, and the access log."""
        opened = reader.replay(browser_session.actor, tidied(code))
        now, language = context.parts.now(), language_of(request)
        events = opened.events[: sliders.events]
        points = turning_points(events, now)
        sides = [
            _side(events, points, service, language, places)
            for places in sliders.places(points.index(events[0].recorded_at), len(points) - 1)
        ]
        path = f"/desk/dossiers/{quote(opened.dossier.code)}/replay"
        return context.show(
            request,
            browser_session,
            "replay.html",
            path=path,
            dossier=opened.dossier,
            points=points,
            sides=sides,
            facts=_facts(*(side.state for side in sides)),
            lines=_lines(opened.events, shows, path, points, len(events)),
            made_for=len(events),
            due=promised_in(opened.events),
            ask_due=ask_due_in(opened.events),
            corrected=corrected_times_in(opened.events),
            looks=opened.looks,
            offices=service.network.offices,
            may_open=may_open(browser_session.actor, opened.dossier),
            result=ActionResult(),
        )


def _side(
    events: Sequence[Event],
    points: Sequence[datetime],
    service: Service,
    language: Language,
    places: tuple[int, int],
) -> Side:
    moment = Moment(*(points[place] for place in places))
    then = cut(events, as_of=moment.as_of, known_at=moment.known_at)
    dossier = DossierState.picture(then)
    state = None if dossier is None else _state(dossier, service, moment, language)
    return Side(*places, frozenset(event.originator_version for event in then), state)


def _state(
    dossier: DossierState, service: Service, moment: Moment, language: Language
) -> PastState | None:
    stage, as_of, known_at = dossier.progress.stage, moment.as_of, moment.known_at
    if stage is None or as_of is None or known_at is None:
        return None
    promise = None if stage in _NOTHING_DUE else dossier.promise
    known_on = service.local_day(known_at)
    reckoned = why_of(dossier, service, known_on).reckoned
    paused_since = dossier.pauses.started_at
    return PastState(
        stage=stage,
        promised_at=promise.due_at if promise else None,
        is_kept=is_kept(
            promise.due_at, finished_at=dossier.finished_at, paused_at=paused_since, now=as_of
        )
        if promise
        else None,
        days_left=working_days_left(service.calendar.as_known(known_on), as_of, promise.due_at)
        if promise and dossier.finished_at is None
        else None,
        paused_since=paused_since,
        first_promised_at=dossier.ledger[0].promise.due_at if dossier.ledger else None,
        why=why_sentence(reckoned.steps if reckoned else (), language),
        received_at=dossier.received_at,
        finished_at=dossier.finished_at,
        outcome=dossier.outcome,
        returned_at=dossier.returned_at,
        helped_at=dossier.offices.helped_at,
        taken_in_at=dossier.offices.received_at,
        decided_by=dossier.offices.decided_by,
        way_of_return=dossier.way_of_return,
        parcel_number=dossier.parcel_number,
        score=dossier.score,
        personal_data_erased=dossier.personal_data_erased or None,
    )


def _facts(left: PastState | None, right: PastState | None) -> Mapping[str, Comparison]:
    """Return the values of both moments by name, without those that are empty at both."""
    empty = (None, "")
    comparisons = {
        field.name: Comparison(getattr(left, field.name, None), getattr(right, field.name, None))
        for field in fields(PastState)
    }
    return {
        name: comparison
        for name, comparison in comparisons.items()
        if comparison.left not in empty or comparison.right not in empty
    }


def _lines(
    events: Sequence[Event], shows: Presenter, path: str, points: Sequence[datetime], made_for: int
) -> list[EventLine]:
    out_of_order_versions, corrected_by, times = (
        out_of_order(events),
        corrections(events),
        occurred_at(events),
    )

    def around(event: Event) -> str:
        """Return the address that compares the dossier before and after this event was recorded."""
        if event.originator_version > made_for:
            return path
        recorded = points.index(event.recorded_at)
        places = (max(recorded - 1, 0), max(recorded - 1, 0), recorded, recorded)
        names = ("as_of", "known_at", "as_of_2", "known_at_2")
        query = {"events": made_for, **dict(zip(names, places, strict=True))}
        return f"{path}?{urlencode(query)}#compared"

    return [
        EventLine(
            shows.event(event),
            event.recorded_at - event.occurred_at if came_late(event) else None,
            event.originator_version in out_of_order_versions,
            corrected_by.get(event.originator_version, ()),
            times[event.originator_version],
            around(event),
        )
        for event in events
    ]
