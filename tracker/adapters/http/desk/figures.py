"""Why a figure is another than it was, for auditors: the dossiers and the events that did it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator

from tracker.adapters.http.desk.doors import AtTheDesk
from tracker.adapters.http.desk.front import Front
from tracker.adapters.http.doors import Visit
from tracker.adapters.http.problems import NotYetError
from tracker.domain.actors import Read, require
from tracker.domain.errors import InvalidInputError
from tracker.domain.values import FutureTimeError
from tracker.projections.explaining import Change, Explanation
from tracker.projections.figures import Counts, GroupBy, Question

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
        """Give a rate of on time by this reading, against this promise, then and now."""
        return [
            getattr(one, f"rate_{reading}")(getattr(one, promise)) for one in (self.then, self.now)
        ]


@dataclass(frozen=True)
class Explained:
    """Both answers, and the first of the dossiers that count otherwise; `number` of them in all."""

    total: Pair
    groups: list[Pair]
    changes: list[Change]
    number: int


def add_figures(desk: APIRouter, front: Front, at_the_desk: AtTheDesk) -> None:
    """Add the page."""
    parts, service = front.parts, front.parts.service
    at_work = Lock()

    def end_of(day: date) -> datetime:
        return min(datetime.combine(day, time.max, service.calendar.zone), parts.now())

    def explained(visit: Visit, asked: Asked, then: date) -> Explained:
        until = asked.until or then
        if max(then, until) > front.today():
            raise FutureTimeError
        if asked.since and asked.since > until:
            raise InvalidInputError
        question = Question(
            as_of=end_of(until),
            since=datetime.combine(asked.since, time(), service.calendar.zone)
            if asked.since
            else None,
            by=asked.by,
        )
        explanation = Explanation(question, end_of(then), service.network.partner_id_of)
        found = explanation.changes(parts.histories())
        listed = list(islice(found, _MOST_LISTED))
        number = len(listed) + sum(1 for _ in found)
        parts.reader.note_told(visit.actor, [change.code for change in listed])
        total = Pair("", explanation.then().total, explanation.now().total)
        return Explained(total, list(_differing(explanation)), listed, number)

    @desk.get("/figures")
    def explain_figures(
        request: Request,
        visit: Annotated[Visit, Depends(at_the_desk)],
        asked: Annotated[Asked, Query()],
    ) -> HTMLResponse:
        """Show the figures of a period as known at the end of a day and now, and what differs.

        Every event stored is read, so there is one such answer in the making at a time.
        """
        require(visit.actor, Read.READERS)
        answer = None
        if asked.then:
            if not at_work.acquire(blocking=False):
                raise NotYetError
            try:
                answer = explained(visit, asked, asked.then)
            finally:
                at_work.release()
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


def _differing(explanation: Explanation) -> Iterator[Pair]:
    then, now = explanation.then().groups, explanation.now().groups
    for name in sorted({*then, *now}):
        pair = Pair(name, then.get(name, Counts()), now.get(name, Counts()))
        if pair.then != pair.now:
            yield pair
