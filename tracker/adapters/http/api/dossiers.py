"""The routes that show one dossier to those who may see it; every look is recorded."""

from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, Waits, of_the_store
from tracker.adapters.http.schema.openapi import READING, Responses, answers
from tracker.adapters.http.schema.parameters import AsOf, Code, Day, KnownAt, check_past
from tracker.adapters.http.schema.presenters import Presenter
from tracker.adapters.http.schema.responses import (
    DeadlineAnswer,
    DossierAnswer,
    HistoryAnswer,
    PersonalDataAnswer,
    ReaderAnswer,
    ReadersAnswer,
)
from tracker.application.commands.text_types import Line
from tracker.application.queries.dossier_reader import Moment
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import tidied

_ETAG: dict[str, Any] = {"ETag": {"schema": {"type": "string"}, "description": "The version."}}


def add_dossiers(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies) -> None:
    """Add the routes that read one dossier from the store."""
    reader, shows = parts.reader, Presenter(parts.service.calendar.zone)
    its_actor, until_there = (
        Depends(signed_in),
        Depends(Waits((), head=parts.head, seconds=parts.wait_s)),
    )

    def fresh() -> Freshness:
        return of_the_store(parts.head())

    @app.get(
        "/v1/dossiers/{code}",
        responses=_shown(DossierAnswer, examples.DOSSIER, headers=_ETAG),
        tags=["read"],
    )
    def show_dossier(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        code: Code,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Show a dossier as it stands, or as it stood."""
        check_past(parts.now(), as_of, known_at)
        freshness = fresh()
        dossier = reader.dossier(actor, tidied(code), Moment(as_of, known_at))
        return _answer(shows.dossier(dossier, freshness), dossier.version)

    @app.get(
        "/v1/dossiers/{code}/history",
        responses=_shown(HistoryAnswer, examples.HISTORY, headers=_ETAG),
        tags=["read"],
    )
    def show_history(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        code: Code,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Response:
        """Show everything that happened to a dossier, or had happened, as far as it was known."""
        check_past(parts.now(), as_of, known_at)
        freshness = fresh()
        events = reader.history(actor, tidied(code), Moment(as_of, known_at))
        version = max((event.originator_version for event in events), default=0)
        answer = HistoryAnswer(
            code=events[0].code if events else tidied(code),
            events=[shows.event(event) for event in events],
            freshness=freshness,
        )
        return _answer(answer, version)

    @app.get(
        "/v1/dossiers/{code}/personal-data",
        responses=_shown(PersonalDataAnswer, examples.PERSONAL_DATA),
        tags=["read"],
    )
    def show_personal_data(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        code: Code,
        reason: Annotated[Line, Query(description="Why it is looked at; this is recorded.")],
    ) -> Response:
        """Open what is sealed: the applicant, and the reasons given."""
        freshness = fresh()
        texts = reader.personal_data(actor, tidied(code), reason)
        return _answer(
            PersonalDataAnswer(code=tidied(code), entries=shows.opened(texts), freshness=freshness)
        )

    @app.get(
        "/v1/dossiers/{code}/readers",
        responses=_shown(ReadersAnswer, examples.READERS),
        tags=["read"],
    )
    def show_readers(
        actor: Annotated[Actor, its_actor], _there: Annotated[None, until_there], code: Code
    ) -> Response:
        """List who looked at a dossier."""
        freshness = fresh()
        looks = reader.readers(actor, tidied(code))
        return _answer(
            ReadersAnswer(
                code=tidied(code),
                readers=[ReaderAnswer.model_validate(look) for look in looks],
                freshness=freshness,
            )
        )

    @app.get(
        "/v1/dossiers/{code}/deadline",
        responses=_shown(DeadlineAnswer, examples.DEADLINE),
        tags=["read"],
    )
    def explain_deadline(
        actor: Annotated[Actor, its_actor],
        _there: Annotated[None, until_there],
        code: Code,
        lang: Literal["vi", "en"] = "vi",
        known_on: Annotated[
            Day | None, Query(description="With the calendar as it was known on this day.")
        ] = None,
    ) -> Response:
        """Explain why a dossier is due when it is."""
        freshness = fresh()
        why = reader.why(actor, tidied(code), known_on=known_on)
        return _answer(shows.deadline(why, lang, freshness))


def _shown(model: type[BaseModel], example: object, **more: object) -> Responses:
    return answers(*READING, status=200, model=model, example=example, **more)


def _answer(answer: BaseModel, version: int = 0) -> Response:
    headers = {"ETag": f'"{version}"'} if version else {}
    return Response(answer.model_dump_json(), media_type=JSON, headers=headers)
