"""The figures managers answer for."""

from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Response

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, Waits
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import (
    AsOf,
    KnownAt,
    Moment,
    check_past,
    since_after_end,
)
from tracker.adapters.http.schema.responses import FiguresAnswer
from tracker.application.queries.figures import PeriodReversedError
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.projections.figures.figures import GroupBy, Question


def add_figures(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies) -> None:
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
        freshness = fresh()
        try:
            if as_of is None and known_at is None:
                figures = parts.figures.at_present(actor, since=since, by=by)
            else:
                question = Question(as_of=as_of or now, known_at=known_at, since=since, by=by)
                figures = parts.figures.answer(actor, question)
        except PeriodReversedError:
            raise since_after_end() from None
        answer = figures.as_json() | {"freshness": freshness.model_dump()}
        return Response(orjson.dumps(answer), media_type=JSON)
