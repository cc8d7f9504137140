"""Why a figure is another than it was, for auditors: the dossiers and the events that did it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator

from tracker.adapters.http.api.explanations import ExplanationApi, FoundChanges
from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.desk.auth import DeskAuth
from tracker.adapters.http.desk.context import DeskContext
from tracker.domain.dossier.actors import Read, require
from tracker.domain.dossier.values import FutureTimeError
from tracker.projections.figures.explanation import Change
from tracker.projections.figures.figures import Counts, GroupBy, Question

_MOST_LISTED = 200
_UNSAID = BeforeValidator(lambda typed: typed or None)
_Day = Annotated[date | None, _UNSAID]


class Asked(BaseModel):
    """What stands in the boxes. Without `then` nothing is asked; without `until` it is `then`."""

    since: _Day = None
    until: _Day = None
    then: _Day = None
    by: Annotated[GroupBy | None, _UNSAID] = None


@dataclass(frozen=True)
class Pair:
    """The counts of one group, as known then and now; the total's name is empty."""

    name: str
    then: Counts
    now: Counts

    def rates(self, reading: Literal["finished", "due"], promise: str) -> list[float | None]:
        """Return a rate of on time by this reading, against this promise, then and now."""
        return [
            getattr(one, f"rate_{reading}")(getattr(one, promise)) for one in (self.then, self.now)
        ]


@dataclass(frozen=True)
class Explained:
    """Both answers, and the first of the dossiers that count otherwise; `number` of them in all."""

    total: Pair
    groups: list[Pair]
    changes: Sequence[Change]
    number: int


def add_figures(
    desk: APIRouter, front: DeskContext, at_the_desk: DeskAuth, explaining: ExplanationApi
) -> None:
    """Add the page."""
    parts, service = front.parts, front.parts.service

    def end_of(day: date) -> datetime:
        return min(datetime.combine(day, time.max, service.calendar.zone), parts.now())

    def explained(visit: BrowserSession, asked: Asked, then: date) -> Explained:
        until = asked.until or then
        if max(then, until) > front.today():
            raise FutureTimeError
        question = Question(
            as_of=end_of(until),
            since=datetime.combine(asked.since, time(), service.calendar.zone)
            if asked.since
            else None,
            by=asked.by,
        )
        found = explaining.explain(visit.actor, question, end_of(then), most=_MOST_LISTED)
        total = Pair("", found.then.total, found.now.total)
        return Explained(total, list(_differing(found)), found.changes, found.number)

    @desk.get("/figures")
    def explain_figures(
        request: Request,
        visit: Annotated[BrowserSession, Depends(at_the_desk)],
        asked: Annotated[Asked, Query()],
    ) -> HTMLResponse:
        """Show the figures of a period as known at the end of a day and now, and what differs.

        One such answer is made at a time.
        """
        require(visit.actor, Read.EXPLANATION)
        answer = explained(visit, asked, asked.then) if asked.then else None
        return front.show(
            request,
            visit,
            "figures.html",
            asked=asked,
            answer=answer,
            today=front.today(),
            ways=list(GroupBy),
            offices=service.network.offices,
        )


def _differing(found: FoundChanges) -> Iterator[Pair]:
    then, now = found.then.groups, found.now.groups
    for name in sorted({*then, *now}):
        pair = Pair(name, then.get(name, Counts()), now.get(name, Counts()))
        if pair.then != pair.now:
            yield pair
