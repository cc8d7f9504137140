"""The figures managers answer for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Response

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.dependencies import AnswersFigures, Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, Waits
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import AsOf, KnownAt, Moment, check_past
from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.adapters.http.schema.responses import FiguresAnswer
from tracker.adapters.http.schema.validation_errors import Fault
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.projections.figures.figures import Figures, GroupBy, Question

_A_LITTLE_AHEAD = timedelta(seconds=1)


class FiguresNow:
    """Gives the figures of this moment, which are counted over the live read model.

    A moment that has passed when the question arrives would be folded anew from all events, so
    the question names one a second ahead, and the answer the moment it was asked.
    """

    def __init__(self, figures: AnswersFigures, now: Callable[[], datetime]) -> None:
        """Ask there."""
        self._figures = figures
        self._now = now

    def answer(self, *, since: datetime | None = None, by: GroupBy | None = None) -> Figures:
        """Count."""
        now = self._now()
        figures = self._figures.answer(Question(as_of=now + _A_LITTLE_AHEAD, since=since, by=by))
        return replace(figures, question=replace(figures.question, as_of=now))


def add_figures(
    app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, at_present: FiguresNow
) -> None:
    """Add the figures."""
    read = [parts.watched["promises"], parts.watched["timeline"]]
    its_actor = Depends(signed_in)
    until_there = Depends(Waits(read, head=parts.head, seconds=parts.wait_s))

    def fresh() -> Freshness:
        now = parts.now()
        return max((one.freshness(now) for one in read), key=lambda each: each.behind)

    @app.get(
        "/v1/sla",
        responses=answers(
            401, 403, 422, 503, status=200, model=FiguresAnswer, example=examples.FIGURES
        ),
        tags=["read"],
    )
    def show_figures(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        by: Annotated[GroupBy | None, Query(description="Break the figures down.")] = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        since: Annotated[
            Moment | None, Query(description="Count over the time since; by default, ever.")
        ] = None,
    ) -> Response:
        """Count: on time by its two published readings, against the first and the latest promise.

        A moment in the past is answered from the events that had happened and were known by then.
        """
        require(actor, Read.FIGURES)
        now = parts.now()
        check_past(now, as_of, known_at, since)
        if since is not None and since > (as_of or now):
            raise FaultyInputError([Fault(at="/query/since", says="must lie before as_of")])
        freshness = fresh()
        if as_of is None and known_at is None:
            figures = at_present.answer(since=since, by=by)
        else:
            figures = parts.figures.answer(
                Question(as_of=as_of or now, known_at=known_at, since=since, by=by)
            )
        answer = figures.as_json() | {"freshness": freshness.model_dump()}
        return Response(orjson.dumps(answer), media_type=JSON)
