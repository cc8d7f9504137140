"""Why a figure is another than it was: the dossiers and the events that made the difference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Response

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot, Throttle
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import AsOf, KnownAt, Moment, check_past
from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.adapters.http.schema.responses import ExplanationAnswer
from tracker.adapters.http.schema.validation_errors import Fault
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.dossier.events.event import Event
from tracker.projections.figures.explanation import Change, Explanation
from tracker.projections.figures.figures import Figures, GroupBy, Question

_MOST_LISTED = 10_000


@dataclass(frozen=True)
class Found:
    """Both answers, and the first of the dossiers that count otherwise; `number` of them in all."""

    then: Figures
    now: Figures
    changes: Sequence[Change]
    number: int


class ExplanationApi:
    """Explains figures, one question at a time, for every event stored is read for it."""

    def __init__(self, parts: Dependencies) -> None:
        """Read the events there."""
        self._parts = parts
        self._turn = ExclusiveSlot()

    def explain(self, actor: Actor, question: Question, then: datetime, *, most: int) -> Found:
        """Answer the question as known then and as known by its own `known_at`.

        That it tells of a dossier is recorded there. Raises `BusyError`, `NotAllowedError`.
        """
        require(actor, Read.EXPLANATION)
        parts = self._parts
        with self._turn.taken():
            explanation = Explanation(question, then, parts.service.network.partner_id_of)
            found = explanation.changes(self._histories())
            listed = list(islice(found, most))
            number = len(listed) + sum(1 for _ in found)
            parts.reader.note_told(actor, [change.code for change in listed])
            return Found(explanation.then(), explanation.now(), listed, number)

    def _histories(self) -> Iterator[Sequence[Event]]:
        pace = Throttle(self._parts.is_ending)
        for events in self._parts.histories():
            pace(len(events))
            yield events


def add_explanations(
    app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies, explaining: ExplanationApi
) -> None:
    """Add the route."""

    @app.get(
        "/v1/sla/explanation",
        responses=answers(
            401, 403, 422, 503, status=200, model=ExplanationAnswer, example=examples.EXPLANATION
        ),
        tags=["read"],
    )
    def explain_figures(
        actor: Annotated[Actor, Depends(signed_in)],
        then: Annotated[Moment, Query(description="Compare with what was known then.")],
        *,
        by: Annotated[GroupBy | None, Query(description="Break the figures down.")] = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        since: Annotated[
            Moment | None, Query(description="Count over the time since; by default, ever.")
        ] = None,
        limit: Annotated[
            int, Query(ge=0, le=_MOST_LISTED, description="List at most so many dossiers.")
        ] = 200,
    ) -> Response:
        """Tell why figures are others than they were, down to the dossiers and their events.

        The question of `/v1/sla` is answered as known `then` and as known at `known_at`. That it
        tells of a dossier is recorded there. One such answer is made at a time.
        """
        require(actor, Read.EXPLANATION)
        now = parts.now()
        check_past(now, then, as_of, known_at, since)
        if since is not None and since > (as_of or now):
            raise FaultyInputError([Fault(at="/query/since", says="must lie before as_of")])
        if known_at is not None and known_at < then:
            raise FaultyInputError([Fault(at="/query/known_at", says="must not lie before then")])
        question = Question(as_of=as_of or now, known_at=known_at, since=since, by=by)
        found = explaining.explain(actor, question, then, most=limit)
        zone = parts.service.calendar.zone
        answer = {
            "then": found.then.as_json(),
            "now": found.now.as_json(),
            "number": found.number,
            "changes": [change.as_json(zone) for change in found.changes],
        }
        return Response(orjson.dumps(answer), media_type=JSON)
