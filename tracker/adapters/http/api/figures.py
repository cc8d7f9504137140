"""The route of the figures for managers."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Response

from tracker.adapters.http.auth.authentication import SignedIn
from tracker.adapters.http.dependencies import Parts, wait_for
from tracker.adapters.http.schema import figures_examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.figures_responses import FiguresAnswer
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import (
    AsOf,
    KnownAt,
    Moment,
    check_past,
    since_after_end,
)
from tracker.application.queries.figures import PeriodReversedError
from tracker.domain.dossier.actors import Read, require
from tracker.projections.figures.figures import GroupBy, Question

_READ_MODELS = ("promises", "timeline")

router = APIRouter(generate_unique_id_function=lambda route: route.name)


@router.get(
    "/v1/sla",
    responses=answers(
        401, 403, 422, 503, status=200, model=FiguresAnswer, example=figures_examples.FIGURES
    ),
    tags=["read"],
)
def show_figures(
    actor: SignedIn,
    _up_to_date: Annotated[None, Depends(wait_for(*_READ_MODELS))],
    parts: Parts,
    *,
    by: Annotated[GroupBy | None, Query(description="Break the figures down.")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    since: Annotated[
        Moment | None, Query(description="The start of the period; default: no start.")
    ] = None,
) -> Response:
    """Return the counts and the on-time rates, against the first and the latest promise.

    There are two on-time rates: of the finished dossiers and of the due dossiers. Figures for a
    past moment use the events that had happened and were known at that moment.
    """
    require(actor, Read.FIGURES)
    now = parts.now()
    check_past(now, as_of, known_at, since)
    freshness = max(
        (parts.watched[name].freshness(now) for name in _READ_MODELS),
        key=lambda freshness: freshness.behind,
    )
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
