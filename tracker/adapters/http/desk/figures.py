"""Explains to auditors why a figure has changed: the dossiers and the events that caused it."""

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
_EMPTY_AS_NONE = BeforeValidator(lambda typed: typed or None)
_Day = Annotated[date | None, _EMPTY_AS_NONE]


class FiguresFields(BaseModel):
    """The fields of the form. Without `then` there is no answer; `until` defaults to `then`."""

    since: _Day = None
    until: _Day = None
    then: _Day = None
    by: Annotated[GroupBy | None, _EMPTY_AS_NONE] = None


@dataclass(frozen=True)
class Pair:
    """The counts of one group as known then and now. The name of the total is empty."""

    name: str
    then: Counts
    now: Counts

    def rates(self, reading: Literal["finished", "due"], promise: str) -> list[float | None]:
        """Return the on-time rates then and now, between 0 and 1, for this reading and promise."""
        return [
            getattr(counts, f"rate_{reading}")(getattr(counts, promise))
            for counts in (self.then, self.now)
        ]


@dataclass(frozen=True)
class Explained:
    """The figures then and now, and the first of `number` dossiers that are counted differently."""

    total: Pair
    groups: list[Pair]
    changes: Sequence[Change]
    number: int


def add_figures(
    desk: APIRouter, context: DeskContext, desk_auth: DeskAuth, explaining: ExplanationApi
) -> None:
    """Add the page."""
    parts, service = context.parts, context.parts.service

    def end_of(day: date) -> datetime:
        return min(datetime.combine(day, time.max, service.calendar.zone), parts.now())

    def explained(browser_session: BrowserSession, asked: FiguresFields, then: date) -> Explained:
        until = asked.until or then
        if max(then, until) > context.today():
            raise FutureTimeError
        question = Question(
            as_of=end_of(until),
            since=datetime.combine(asked.since, time(), service.calendar.zone)
            if asked.since
            else None,
            by=asked.by,
        )
        changes = explaining.explain(
            browser_session.actor, question, end_of(then), most=_MOST_LISTED
        )
        total = Pair("", changes.then.total, changes.now.total)
        return Explained(total, list(_differing(changes)), changes.changes, changes.number)

    @desk.get("/figures")
    def explain_figures(
        request: Request,
        browser_session: Annotated[BrowserSession, Depends(desk_auth)],
        asked: Annotated[FiguresFields, Query()],
    ) -> HTMLResponse:
        """Show the figures of a period as known at the end of a day and now, with the differences.

        The service computes one such answer at a time.
        """
        require(browser_session.actor, Read.EXPLANATION)
        answer = explained(browser_session, asked, asked.then) if asked.then else None
        return context.show(
            request,
            browser_session,
            "figures.html",
            asked=asked,
            answer=answer,
            today=context.today(),
            ways=list(GroupBy),
            offices=service.network.offices,
        )


def _differing(changes: FoundChanges) -> Iterator[Pair]:
    then, now = changes.then.groups, changes.now.groups
    for name in sorted({*then, *now}):
        pair = Pair(name, then.get(name, Counts()), now.get(name, Counts()))
        if pair.then != pair.now:
            yield pair
