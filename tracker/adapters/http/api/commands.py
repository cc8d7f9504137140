"""The routes that take messages in: one by one, and in batches."""

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
from tracker.adapters.http.schema.requests import HAPPENING, MOST_IN_A_BATCH, addressed, many
from tracker.adapters.http.schema.responses import BatchAnswer, Stored
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.application.commands.registry import INTAKE
from tracker.application.recovery.store_past import StoreBehindError
from tracker.domain.dossier.actors import Actor

_LOCATED: dict[str, Any] = {
    "headers": {
        "Location": {"schema": {"type": "string"}, "description": "The dossier's address."},
        "ETag": {"schema": {"type": "string"}, "description": "Its version, for `If-Match`."},
    }
}
_ENCODER = msgspec.json.Encoder()
_MANY = {
    "type": "array",
    "maxItems": MOST_IN_A_BATCH,
    "items": {"anyOf": [ref("Intake"), ref("Happening")]},
}
_LINES = {
    "schema": {"type": "string", "description": "One message a line."},
    "example": '{"event_id":"desk-3-000078","occurred_at":"2026-11-20T10:05:00+07:00",'
    '"code":"H26.01-261120-0001","step":"complained","text":"Chờ quá lâu."}\n',
}


class BatchUnavailableError(StoreUnavailableError):
    """The event store does not answer. Send all of it again: nothing is stored twice."""


class CommandApi:
    """Has posts carried out and counted, and words the answers."""

    def __init__(self, commit: GroupCommit, tally: CommandCounter) -> None:
        """Hand posts to this group commit and count them here."""
        self._commit = commit
        self._tally = tally

    async def one(self, post: Envelope) -> Accepted:
        """Return what was stored. Raise what stands against it."""
        try:
            accepted = await self._commit.submit(post)
        except Exception as error:
            self._tally.note(post, error)
            raise
        self._tally.note(post, accepted)
        return accepted

    def check_room(self) -> None:
        """Raise `TooBusyError` where a batch may find no room, before it is read."""
        self._commit.check_room(MOST_IN_A_BATCH)

    async def many(self, posts: Sequence[Envelope]) -> Sequence[Result]:
        """Return what became of each."""
        results = await self._commit.submit_all(posts)
        for post, result in zip(posts, results, strict=True):
            self._tally.note(post, result)
        return results


def add_commands(
    app: FastAPI, signed_in: ApiKeyAuth, bodies: BodyReader, writing: CommandApi
) -> None:
    """Add the routes that write."""

    @app.post(
        "/v1/dossiers",
        status_code=201,
        responses=_stored(examples.STORED, *BODY, 404, 409),
        openapi_extra=body(ref("Intake"), examples.INTAKE),
        tags=["write"],
    )
    async def take_in(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Response:
        """Take a dossier in, or hand it in unseen. It answers once this is safe on disk."""
        message = await bodies.read_as(request, INTAKE)
        return answered(await writing.one(Envelope(actor, message)))

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
                description="The version believed current, as in `ETag`; another answers 409.",
            ),
        ] = None,
    ) -> Response:
        """Record that something happened to a dossier."""
        message = addressed(await bodies.read_as(request, HAPPENING), code)
        version = None if if_match in {None, "*"} else int(str(if_match).strip('"'))
        return answered(await writing.one(Envelope(actor, message, version)))

    @app.post(
        "/v1/dossiers:batch",
        responses=answers(*BODY, status=200, model=BatchAnswer, example=examples.BATCH_ANSWER),
        openapi_extra=body(_MANY, examples.BATCH, {NDJSON: _LINES}),
        tags=["write"],
    )
    async def take_batch(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Response:
        """Take up to 500 messages of any kind, each with its own answer, in the order sent.

        Intakes are carried out first, then steps as they happened; one that is rejected does not
        touch its neighbours. On 503 send all of it again.
        """
        writing.check_room()
        batch = many(*await bodies.read(request, JSON, NDJSON))
        places = batch.in_working_order()
        results = await writing.many([Envelope(actor, batch.messages[place]) for place in places])
        for result in results:
            if isinstance(result, StoreBehindError):
                raise result
            if isinstance(result, StoreUnavailableError):
                raise BatchUnavailableError
        by_place = batch.rejected | dict(zip(places, results, strict=True))
        items = [_item(by_place[place]) for place in sorted(by_place)]
        return Response(msgspec.json.encode({"items": items}), media_type=JSON)


def _stored(example: dict[str, Any], *problems: int) -> Responses:
    again = {**example, "duplicate": True}
    return answers(*problems, status=201, model=Stored, example=example, **_LOCATED) | answers(
        status=200,
        model=Stored,
        example=again,
        description="It was stored before; this is what was answered then.",
        **_LOCATED,
    )


def answered(accepted: Accepted) -> Response:
    """Answer what was stored, or was stored before."""
    return Response(
        as_json(accepted),
        status_code=status_of(accepted),
        media_type=JSON,
        headers=dict(located(accepted)),
    )


def status_of(accepted: Accepted) -> int:
    """Return the status of the answer."""
    return 200 if accepted.duplicate else 201


def located(accepted: Accepted) -> list[tuple[str, str]]:
    """Return the headers that tell where it is now, and which version.

    A code has no character that an address would have to quote.
    """
    return [
        ("location", f"/v1/dossiers/{accepted.code}"),
        ("etag", f'"{accepted.version}"'),
    ]


def as_json(accepted: Accepted) -> bytes:
    """Write it as `Stored` has it: the same names in the same order."""
    return _ENCODER.encode(accepted)


def _item(result: Result) -> dict[str, object]:
    if isinstance(result, Exception):
        problem = problem_of(result).model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"outcome": "rejected", "problem": problem}
    return {"outcome": "duplicate" if result.duplicate else "created", "stored": result}
