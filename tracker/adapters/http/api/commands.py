"""The routes that accept commands, one at a time and in batches."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Header, Request, Response

from tracker.adapters.http.api.command_counter import CommandCounter
from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.concurrency.group_commit import GroupCommit, Result
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON, NDJSON, BodyReader
from tracker.adapters.http.schema.openapi import BODY, Responses, answers, body, ref
from tracker.adapters.http.schema.parameters import Code
from tracker.adapters.http.schema.problems import problem_of
from tracker.adapters.http.schema.requests import (
    MAX_BATCH_SIZE,
    STEP_OR_INTAKE,
    addressed,
    read_batch,
)
from tracker.adapters.http.schema.responses import BatchAnswer, Stored
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.application.commands.registry import INTAKE
from tracker.application.recovery.store_past import StoreBehindError
from tracker.domain.dossier.actors import Actor

_LOCATED: dict[str, Any] = {
    "headers": {
        "Location": {"schema": {"type": "string"}, "description": "The address of the dossier."},
        "ETag": {
            "schema": {"type": "string"},
            "description": "The version of the dossier, for `If-Match`.",
        },
    }
}
_ENCODER = msgspec.json.Encoder()
_BATCH = {
    "type": "array",
    "maxItems": MAX_BATCH_SIZE,
    "items": {"anyOf": [ref("Intake"), ref("Happening")]},
}
_LINES = {
    "schema": {"type": "string", "description": "One command a line."},
    "example": '{"event_id":"desk-3-000078","occurred_at":"2026-11-20T10:05:00+07:00",'
    '"code":"H26.01-261120-0001","step":"complained","text":"Chờ quá lâu."}\n',
}


class BatchUnavailableError(StoreUnavailableError):
    """The event store does not answer. Send the whole batch again: no event is stored twice."""


class CommandApi:
    """Stores and counts commands."""

    def __init__(self, commit: GroupCommit, counter: CommandCounter) -> None:
        """Store commands with `commit` and count them with `counter`."""
        self._commit = commit
        self._counter = counter

    async def store(self, envelope: Envelope) -> Accepted:
        """Return the answer to a command. Raise its error."""
        try:
            accepted = await self._commit.submit(envelope)
        except Exception as error:
            self._counter.count(envelope, error)
            raise
        self._counter.count(envelope, accepted)
        return accepted

    def check_room(self) -> None:
        """Raise `TooBusyError` if a batch may exceed the limit. Call this before it is read."""
        self._commit.check_room(MAX_BATCH_SIZE)

    async def store_all(self, envelopes: Sequence[Envelope]) -> Sequence[Result]:
        """Return the result of each command: the answer or the error."""
        results = await self._commit.submit_all(envelopes)
        for envelope, result in zip(envelopes, results, strict=True):
            self._counter.count(envelope, result)
        return results


def add_commands(
    app: FastAPI, signed_in: ApiKeyAuth, bodies: BodyReader, commands: CommandApi
) -> None:
    """Add the routes that accept commands."""

    @app.post(
        "/v1/dossiers",
        status_code=201,
        responses=_stored(examples.STORED, *BODY, 404, 409),
        openapi_extra=body(ref("Intake"), examples.INTAKE),
        tags=["write"],
    )
    async def take_in(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Response:
        """Take a dossier in, or submit it without a clerk. The answer means that it is on disk."""
        command = await bodies.read_as(request, INTAKE)
        return answered(await commands.store(Envelope(actor, command)))

    @app.post(
        "/v1/dossiers/{code}/events",
        status_code=201,
        responses=_stored(examples.STEP_STORED, *BODY, 404, 409),
        openapi_extra=body(ref("Happening"), examples.STEP),
        tags=["write"],
    )
    async def take_step(
        request: Request,
        actor: Annotated[Actor, Depends(signed_in)],
        code: Code,
        if_match: Annotated[
            str | None,
            Header(
                pattern=r'^("[0-9]{1,9}"|\*)$',
                description="The expected version, as in `ETag`; 409 if it is not the current one.",
            ),
        ] = None,
    ) -> Response:
        """Record a step of a dossier."""
        command = addressed(await bodies.read_as(request, STEP_OR_INTAKE), code)
        version = None if if_match in {None, "*"} else int(str(if_match).strip('"'))
        return answered(await commands.store(Envelope(actor, command, version)))

    @app.post(
        "/v1/dossiers:batch",
        responses=answers(*BODY, status=200, model=BatchAnswer, example=examples.BATCH_ANSWER),
        openapi_extra=body(_BATCH, examples.BATCH, {NDJSON: _LINES}),
        tags=["write"],
    )
    async def take_batch(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Response:
        """Accept up to 500 commands of any kind. The answers are in the order of the request.

        Intakes are processed first, then steps in the order of their times. A rejected command does
        not affect the others. On 503 send the whole batch again.
        """
        commands.check_room()
        batch = read_batch(*await bodies.read(request, JSON, NDJSON))
        positions = batch.in_working_order()
        results = await commands.store_all(
            [Envelope(actor, batch.commands[position]) for position in positions]
        )
        for result in results:
            if isinstance(result, StoreBehindError):
                raise result
            if isinstance(result, StoreUnavailableError):
                raise BatchUnavailableError
        by_position = batch.rejected | dict(zip(positions, results, strict=True))
        items = [_item(by_position[position]) for position in sorted(by_position)]
        return Response(msgspec.json.encode({"items": items}), media_type=JSON)


def _stored(example: dict[str, Any], *problems: int) -> Responses:
    again = {**example, "duplicate": True}
    return answers(*problems, status=201, model=Stored, example=example, **_LOCATED) | answers(
        status=200,
        model=Stored,
        example=again,
        description="It was stored before; this repeats the first answer.",
        **_LOCATED,
    )


def answered(accepted: Accepted) -> Response:
    """Return the HTTP answer for a stored command."""
    return Response(
        as_json(accepted),
        status_code=status_of(accepted),
        media_type=JSON,
        headers=dict(located(accepted)),
    )


def status_of(accepted: Accepted) -> int:
    """Return the HTTP status: 201, or 200 for a duplicate."""
    return 200 if accepted.duplicate else 201


def located(accepted: Accepted) -> list[tuple[str, str]]:
    """Return the headers with the address and the version of the dossier.

    A code has no character that must be escaped in an address.
    """
    return [
        ("location", f"/v1/dossiers/{accepted.code}"),
        ("etag", f'"{accepted.version}"'),
    ]


def as_json(accepted: Accepted) -> bytes:
    """Return the JSON of the answer, with the fields of `Stored` in the same order."""
    return _ENCODER.encode(accepted)


def _item(result: Result) -> dict[str, object]:
    if isinstance(result, Exception):
        problem = problem_of(result).model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"outcome": "rejected", "problem": problem}
    return {"outcome": "duplicate" if result.duplicate else "created", "stored": result}
