"""The OpenAPI document, with the declarations that FastAPI cannot derive."""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from tracker.adapters.http.rate_limits import TooOftenError
from tracker.adapters.http.schema.bodies import JSON, NOTE
from tracker.adapters.http.schema.problems import (
    MEDIA_TYPE,
    FaultyInputError,
    MalformedError,
    NotYetError,
    Problem,
    TooLargeError,
    TooSlowError,
    UnknownKeyError,
    UnsupportedMediaError,
    problem_of,
)
from tracker.adapters.http.schema.requests import STEP_OR_INTAKE
from tracker.application.commands.envelope import UnknownDossierError, VersionConflictError
from tracker.application.commands.registry import COMMANDS, INTAKE
from tracker.application.problems.input_faults import Fault
from tracker.application.queries.fill_form import NoPdfError
from tracker.domain.errors import NotAllowedError

Responses = dict[int | str, dict[str, Any]]

VERSION = "1"
DESCRIPTION = (
    "Tracks administrative dossiers from intake to delivery. The same command can be sent again as"
    " often as needed: an `event_id` is stored only once. Errors follow RFC 9457 and never repeat"
    " the content of the request."
)
_REFS = "#/components/schemas/"
_REF = _REFS + "{model}"
_PROBLEMS: dict[int, Exception] = {
    400: MalformedError(),
    401: UnknownKeyError(),
    403: NotAllowedError("The role carrier may not do this: received."),
    404: UnknownDossierError(),
    408: TooSlowError(),
    409: VersionConflictError(3),
    413: TooLargeError(),
    415: UnsupportedMediaError(),
    422: FaultyInputError([Fault(pointer="#/applicant/name", detail="is missing")]),
    429: TooOftenError(retry_after_s=30),
    501: NoPdfError(),
    503: NotYetError(),
}
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"}},
    429: {"Retry-After": {"schema": {"type": "string"}, "description": "In seconds."}},
    503: {"Retry-After": {"schema": {"type": "string"}, "description": "In seconds."}},
}
READING = (401, 403, 404, 422, 503)
"""The problem statuses of every route that reads a dossier."""

BODY = (400, 401, 403, 408, 413, 415, 422, 503)
"""The problem statuses of every route that reads a body."""


def answers(
    *problems: int, status: int, model: type[BaseModel], example: object, **more: object
) -> Responses:
    """Return the declaration of an answer with its example, and of its possible problems."""
    good = {"model": model, "content": {JSON: {"example": example}}, **more}
    return {status: good} | problem_answers(*problems)


def problem_answers(*statuses: int) -> Responses:
    """Return the declaration of problems; the code of real problems makes the examples."""
    declared: Responses = {}
    for status in statuses:
        problem = problem_of(_PROBLEMS[status])
        declared[status] = {
            "description": problem.title,
            "content": {
                MEDIA_TYPE: {
                    "schema": ref(Problem.__name__),
                    "example": problem.model_dump(mode="json", exclude_unset=True),
                }
            },
        }
        if status in _HEADERS:
            declared[status]["headers"] = _HEADERS[status]
    return declared


def body(
    schema: dict[str, Any], example: object, others: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the declaration of a JSON body with its example, and `others` by media type."""
    content = {JSON: {"schema": schema, "example": example}, **(others or {})}
    return {"requestBody": {"required": True, "content": content}}


def text_body(example: str) -> dict[str, Any]:
    """Return the declaration of a plain-text body with its example."""
    content = {NOTE: {"schema": {"type": "string"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def ref(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": _REF.format(model=name)}


def document(app: FastAPI, *bodies: type[BaseModel]) -> dict[str, Any]:
    """Return the document, with the schemas of the commands and of these other bodies."""
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, shared = TypeAdapter.json_schemas(
        [
            ("problem", "serialization", TypeAdapter(Problem)),
            ("intake", "validation", INTAKE),
            ("happening", "validation", STEP_OR_INTAKE),
            *((model.__name__, "validation", TypeAdapter(model)) for model in bodies),
        ],
        ref_template=_REF,
    )
    happening = STEP_OR_INTAKE.json_schema(ref_template=_REF)
    del happening["$defs"]
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            _restore_examples(made, route)
    made["components"]["schemas"] |= {**shared["$defs"], "Happening": happening}
    made = cast("dict[str, Any]", _with_public_names(made))
    schemas = made["components"]["schemas"]
    made["components"]["schemas"] = {
        _PUBLIC_NAMES.get(name, name): schema for name, schema in schemas.items()
    }
    return made


_PUBLIC_NAMES = {command.__name__: command.STORED_NAME for command in COMMANDS.values()}
"""The published name of each command's schema: generated clients keep their class names."""


def _with_public_names(part: object) -> object:
    """Return a part of the document with the published names of schemas."""
    if isinstance(part, dict):
        made = {key: _with_public_names(value) for key, value in part.items()}
        title = made.get("title")
        if isinstance(title, str):
            made["title"] = _PUBLIC_NAMES.get(title, title)
        return made
    if isinstance(part, list):
        return [_with_public_names(value) for value in part]
    if isinstance(part, str) and part.startswith(_REFS):
        name = part.removeprefix(_REFS)
        return _REFS + _PUBLIC_NAMES.get(name, name)
    return part


def _restore_examples(made: dict[str, Any], route: APIRoute) -> None:
    """Restore the declared examples: FastAPI removes every `null` from them."""
    for method in route.methods or ():
        answers_made = made["paths"][route.path_format][method.lower()]["responses"]
        for status, declared in route.responses.items():
            for media_type, content in declared.get("content", {}).items():
                answers_made[str(status)]["content"][media_type]["example"] = content["example"]
