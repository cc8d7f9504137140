"""The OpenAPI document: what FastAPI cannot see by itself is declared here."""

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
from tracker.adapters.http.schema.requests import HAPPENING
from tracker.application.commands.envelope import UnknownDossierError, VersionConflictError
from tracker.application.commands.registry import COMMANDS, INTAKE
from tracker.application.problems.input_faults import Fault
from tracker.application.queries.fill_form import NoPdfError
from tracker.domain.errors import NotAllowedError

Responses = dict[int | str, dict[str, Any]]

VERSION = "1"
DESCRIPTION = (
    "Follows administrative dossiers from intake to delivery. Send the same message again as often"
    " as needed: its `event_id` never counts twice. Problems are told as RFC 9457 has it and never"
    " repeat what was sent."
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
"""The problems of every route that reads a dossier."""

BODY = (400, 401, 403, 408, 413, 415, 422, 503)
"""The problems of every route that reads a body."""


def answers(
    *problems: int, status: int, model: type[BaseModel], example: object, **more: object
) -> Responses:
    """Declare an answer with its example, and the problems that may come instead of it."""
    good = {"model": model, "content": {JSON: {"example": example}}, **more}
    return {status: good} | problem_answers(*problems)


def problem_answers(*statuses: int) -> Responses:
    """Declare problems, each with an example made by the code that makes the real ones."""
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
    """Declare a JSON body with its example, and its `others` by media type."""
    content = {JSON: {"schema": schema, "example": example}, **(others or {})}
    return {"requestBody": {"required": True, "content": content}}


def text_body(example: str) -> dict[str, Any]:
    """Declare a body of plain text with its example."""
    content = {NOTE: {"schema": {"type": "string"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def ref(name: str) -> dict[str, str]:
    """Point to a schema of the document."""
    return {"$ref": _REF.format(model=name)}


def document(app: FastAPI, *bodies: type[BaseModel]) -> dict[str, Any]:
    """Make the document, with the schemas of the messages and of these other bodies."""
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, shared = TypeAdapter.json_schemas(
        [
            ("problem", "serialization", TypeAdapter(Problem)),
            ("intake", "validation", INTAKE),
            ("happening", "validation", HAPPENING),
            *((one.__name__, "validation", TypeAdapter(one)) for one in bodies),
        ],
        ref_template=_REF,
    )
    happening = HAPPENING.json_schema(ref_template=_REF)
    del happening["$defs"]
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            _put_examples_back(made, route)
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
    """Return the same part of a document with the published names of schemas."""
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


def _put_examples_back(made: dict[str, Any], route: APIRoute) -> None:
    """Put the examples in as they were declared: FastAPI leaves out every `null`."""
    for method in route.methods or ():
        answers_made = made["paths"][route.path_format][method.lower()]["responses"]
        for status, declared in route.responses.items():
            for media_type, content in declared.get("content", {}).items():
                answers_made[str(status)]["content"][media_type]["example"] = content["example"]
