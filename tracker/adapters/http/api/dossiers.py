"""The routes that show one dossier. Each access is recorded."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from tracker.adapters.http.auth.authentication import SignedIn
from tracker.adapters.http.dependencies import Dependencies, Parts, wait_for
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, of_the_store
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
from tracker.domain.dossier.codes import tidied

_ETAG: dict[str, Any] = {"ETag": {"schema": {"type": "string"}, "description": "The version."}}

_UpToDate = Annotated[None, Depends(wait_for())]

router = APIRouter(generate_unique_id_function=lambda route: route.name)


def _declare(model: type[BaseModel], example: object, **more: object) -> Responses:
    return answers(*READING, status=200, model=model, example=example, **more)


@router.get(
    "/v1/dossiers/{code}",
    responses=_declare(DossierAnswer, examples.DOSSIER, headers=_ETAG),
    tags=["read"],
)
def show_dossier(
    actor: SignedIn,
    _up_to_date: _UpToDate,
    parts: Parts,
    code: Code,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Return a dossier as it is now, or as it was at an earlier moment."""
    check_past(parts.now(), as_of, known_at)
    freshness = _freshness(parts)
    dossier = parts.reader.dossier(actor, tidied(code), Moment(as_of, known_at))
    return _answer(_presenter(parts).dossier(dossier, freshness), dossier.version)


@router.get(
    "/v1/dossiers/{code}/history",
    responses=_declare(HistoryAnswer, examples.HISTORY, headers=_ETAG),
    tags=["read"],
)
def show_history(
    actor: SignedIn,
    _up_to_date: _UpToDate,
    parts: Parts,
    code: Code,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Return all events of a dossier that had happened and were known at a moment."""
    check_past(parts.now(), as_of, known_at)
    freshness = _freshness(parts)
    events = parts.reader.history(actor, tidied(code), Moment(as_of, known_at))
    version = max((event.originator_version for event in events), default=0)
    presenter = _presenter(parts)
    answer = HistoryAnswer(
        code=events[0].code if events else tidied(code),
        events=[presenter.event(event) for event in events],
        freshness=freshness,
    )
    return _answer(answer, version)


@router.get(
    "/v1/dossiers/{code}/personal-data",
    responses=_declare(PersonalDataAnswer, examples.PERSONAL_DATA),
    tags=["read"],
)
def show_personal_data(
    actor: SignedIn,
    _up_to_date: _UpToDate,
    parts: Parts,
    code: Code,
    reason: Annotated[Line, Query(description="The reason for the access; it is recorded.")],
) -> Response:
    """Return the sealed fields: the applicant, and the texts of the events."""
    freshness = _freshness(parts)
    texts = parts.reader.personal_data(actor, tidied(code), reason)
    return _answer(
        PersonalDataAnswer(
            code=tidied(code), entries=_presenter(parts).opened(texts), freshness=freshness
        )
    )


@router.get(
    "/v1/dossiers/{code}/readers",
    responses=_declare(ReadersAnswer, examples.READERS),
    tags=["read"],
)
def show_readers(actor: SignedIn, _up_to_date: _UpToDate, parts: Parts, code: Code) -> Response:
    """Return the recorded accesses to a dossier."""
    freshness = _freshness(parts)
    accesses = parts.reader.readers(actor, tidied(code))
    return _answer(
        ReadersAnswer(
            code=tidied(code),
            readers=[ReaderAnswer.model_validate(access) for access in accesses],
            freshness=freshness,
        )
    )


@router.get(
    "/v1/dossiers/{code}/deadline",
    responses=_declare(DeadlineAnswer, examples.DEADLINE),
    tags=["read"],
)
def explain_deadline(
    actor: SignedIn,
    _up_to_date: _UpToDate,
    parts: Parts,
    code: Code,
    lang: Literal["vi", "en"] = "vi",
    known_on: Annotated[
        Day | None, Query(description="Use the calendar as it was known on this day.")
    ] = None,
) -> Response:
    """Explain the due date of a dossier."""
    freshness = _freshness(parts)
    why = parts.reader.why(actor, tidied(code), known_on=known_on)
    return _answer(_presenter(parts).deadline(why, lang, freshness))


def _freshness(parts: Dependencies) -> Freshness:
    """Return the freshness of an answer from the store. Call this before the dossier is read."""
    return of_the_store(parts.head())


def _presenter(parts: Dependencies) -> Presenter:
    return Presenter(parts.service.calendar.zone)


def _answer(answer: BaseModel, version: int = 0) -> Response:
    headers = {"ETag": f'"{version}"'} if version else {}
    return Response(answer.model_dump_json(), media_type=JSON, headers=headers)
