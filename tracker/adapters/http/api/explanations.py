"""The route that explains why a figure has changed, by its dossiers and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Response

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot, Throttle
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import figures_examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.figures_responses import ExplanationAnswer
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import (
    AsOf,
    KnownAt,
    Moment,
    check_past,
    since_after_end,
)
from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.application.problems.input_faults import Fault
from tracker.application.queries.explain_figures import KnownBeforeThenError
from tracker.application.queries.figures import PeriodReversedError
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.projections.figures.explanation import Change
from tracker.projections.figures.figures import Figures, GroupBy, Question

_MOST_LISTED = 10_000


@dataclass(frozen=True)
class FoundChanges:
    """Both answers, and the first of the `number` dossiers that count differently."""

    then: Figures
    now: Figures
    changes: Sequence[Change]
    number: int


class ExplanationApi:
    """Explains figures, one question at a time, because each answer reads all events."""

    def __init__(self, parts: Dependencies) -> None:
        """Explain with `parts.explain_figures`."""
        self._parts = parts
        self._slot = ExclusiveSlot()

    def explain(
        self, actor: Actor, question: Question, then: datetime, *, most: int
    ) -> FoundChanges:
        """Return what changed, with at most `most` dossiers.

        Raise `BusyError`, or what `ExplainFigures.explain` raises.
        """
        with self._slot.taken():
            throttle = Throttle(self._parts.is_ending)
            explanation = self._parts.explain_figures.explain(actor, question, then, throttle)
            changes = list(explanation.changes(most))
            return FoundChanges(explanation.then(), explanation.now(), changes, explanation.number)


def add_explanations(
    app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, explanations: ExplanationApi
) -> None:
    """Add the route."""

    @app.get(
        "/v1/sla/explanation",
        responses=answers(
            401,
            403,
            422,
            503,
            status=200,
            model=ExplanationAnswer,
            example=figures_examples.EXPLANATION,
        ),
        tags=["read"],
    )
    def explain_figures(
        actor: Annotated[Actor, Depends(signed_in)],
        then: Annotated[Moment, Query(description="Compare with what was known at this time.")],
        *,
        by: Annotated[GroupBy | None, Query(description="Break the figures down.")] = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        since: Annotated[
            Moment | None, Query(description="The start of the period; default: no start.")
        ] = None,
        limit: Annotated[
            int, Query(ge=0, le=_MOST_LISTED, description="The maximum number of listed dossiers.")
        ] = 200,
    ) -> Response:
        """Explain why figures have changed, with the dossiers and events that caused it.

        It answers the question of `/v1/sla` as known at `then` and as known at `known_at`. Each
        listed dossier gets an entry in its access log. The service makes one such answer at a time.
        """
        require(actor, Read.EXPLANATION)
        now = parts.now()
        check_past(now, then, as_of, known_at, since)
        question = Question(as_of=as_of or now, known_at=known_at, since=since, by=by)
        try:
            explained = explanations.explain(actor, question, then, most=limit)
        except PeriodReversedError:
            raise since_after_end() from None
        except KnownBeforeThenError:
            fault = Fault(pointer="#/query/known_at", detail="must not be before then")
            raise FaultyInputError([fault]) from None
        zone = parts.service.calendar.zone
        answer = {
            "then": explained.then.as_json(),
            "now": explained.now.as_json(),
            "number": explained.number,
            "changes": [change.as_json(zone) for change in explained.changes],
        }
        return Response(orjson.dumps(answer), media_type=JSON)
