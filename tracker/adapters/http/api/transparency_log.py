"""The Merkle log: its newest checkpoint and proofs for everybody, a dossier's proof for some."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from tracker.adapters.http.auth.authentication import ApiKeyAuth, open_to_all
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON, NOTE, BodyReader
from tracker.adapters.http.schema.openapi import answers, problem_answers, text_body
from tracker.adapters.http.schema.parameters import Code
from tracker.adapters.http.schema.problems import MalformedError
from tracker.domain.dossier.actors import Actor
from tracker.domain.dossier.codes import tidied
from tracker.domain.transparency_log.notes import Note

_VERIFIER = Path(str(files("tracker"))) / "verifier" / "verify_proof.py"
_MOST = 2**62
_MOST_NOTE_BYTES = 16 * 1024

_Number = Annotated[int, Query(ge=0, le=_MOST)]
_Size = Annotated[int, Query(ge=1, le=_MOST)]


class InclusionAnswer(BaseModel):
    """That a leaf is in the log of a size (RFC 9162, 2.1.3). Hashes are in base64."""

    leaf: int
    size: int
    leaf_hash: str
    root: str
    path: list[str]


class ConsistencyAnswer(BaseModel):
    """That the log of the second size continues that of the first (RFC 9162, 2.1.4)."""

    first: int
    second: int
    path: list[str]


class TakenAnswer(BaseModel):
    """The witnesses whose signatures were taken."""

    witnesses: list[str]


class ProvenEvent(BaseModel):
    """One event as it is stored, and that it is in the log."""

    topic: str
    state: str
    leaf: int
    previous: int | None = Field(description="The leaf of the same dossier before it.")
    path: list[str]


class ProvenHead(BaseModel):
    """One dossier in the tree of heads."""

    dossier_id: str
    version: int
    leaf: int
    chain: str
    number: int
    path: list[str]


class SinceAnswer(BaseModel):
    """That the log continues an older checkpoint."""

    size: int
    path: list[str]


class ProofAnswer(BaseModel):
    """Everything that happened to a dossier up to a checkpoint, and that nothing is left out.

    For a dossier that is not there `events` is empty, and `heads` are its neighbours'.
    """

    format: str
    code: str
    dossier_id: str
    checkpoint: str
    events: list[ProvenEvent]
    heads: list[ProvenHead]
    since: SinceAnswer | None


def add_transparency_log(app: FastAPI, signed_in: ApiKeyAuth, parts: Dependencies) -> None:
    """Add the routes of the log."""
    prover, notes = parts.prover, BodyReader(_MOST_NOTE_BYTES)

    @app.get(
        "/v1/log/checkpoint",
        dependencies=[Depends(open_to_all)],
        response_class=Response,
        responses={
            200: {
                "description": "The newest checkpoint, a C2SP signed note.",
                "content": {
                    "text/plain": {"schema": {"type": "string"}, "example": examples.CHECKPOINT}
                },
            },
            **problem_answers(404, 503),
        },
        tags=["log"],
    )
    def show_checkpoint() -> Response:
        """Return the newest signed checkpoint of the log. Keep it: the log can never go behind it."""
        return Response(str(prover.checkpoint()), media_type="text/plain; charset=utf-8")

    @app.post(
        "/v1/log/checkpoint/cosignatures",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            *(400, 408, 409, 413, 415, 422, 503),
            status=200,
            model=TakenAnswer,
            example=examples.TAKEN,
        ),
        openapi_extra=text_body(examples.CHECKPOINT),
        tags=["log"],
    )
    async def cosign(request: Request) -> Response:
        """Take the signatures of known witnesses under the newest checkpoint (`cosignature/v1`).

        What is sent is the checkpoint as it was got, with their lines added. It is handed out with
        them from then on. Sent again it changes nothing.
        """
        _, raw = await notes.read(request, NOTE)
        try:
            note = Note.parse(raw.decode())
        except UnicodeDecodeError:
            raise MalformedError from None
        taken = await run_in_threadpool(parts.witnessing.take, note, newest_only=True)
        return _answer(TakenAnswer(witnesses=taken))

    @app.get(
        "/v1/log/proof/inclusion",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            404, 422, 503, status=200, model=InclusionAnswer, example=examples.INCLUSION
        ),
        tags=["log"],
    )
    def prove_inclusion(
        leaf: _Number,
        size: Annotated[_Size | None, Query(description="By default the newest's.")] = None,
    ) -> Response:
        """Prove that a leaf is in the log of a size. There are only hashes in it."""
        proven = prover.inclusion(leaf, size)
        return _answer(
            InclusionAnswer(
                leaf=proven.leaf,
                size=proven.size,
                leaf_hash=_text(proven.hashed),
                root=_text(proven.root),
                path=_texts(proven.path),
            )
        )

    @app.get(
        "/v1/log/proof/consistency",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            422, 503, status=200, model=ConsistencyAnswer, example=examples.CONSISTENCY
        ),
        tags=["log"],
    )
    def prove_consistency(
        first: Annotated[_Size, Query(alias="from")], second: Annotated[_Size, Query(alias="to")]
    ) -> Response:
        """Prove that the log of the second size continues that of the first."""
        path = prover.consistency(first, second)
        return _answer(ConsistencyAnswer(first=first, second=second, path=_texts(path)))

    @app.get("/v1/log/verifier", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def give_verifier() -> FileResponse:
        """Return the program that checks a proof offline, in one file."""
        return FileResponse(_VERIFIER, media_type="text/x-python", filename=_VERIFIER.name)

    @app.get(
        "/v1/dossiers/{code}/proof",
        responses=answers(
            401, 403, 404, 422, 503, status=200, model=ProofAnswer, example=examples.PROOF
        ),
        tags=["log"],
    )
    def prove_dossier(
        actor: Annotated[Actor, Depends(signed_in)],
        code: Code,
        since: Annotated[
            _Size | None, Query(description="The size of an older checkpoint that was kept.")
        ] = None,
    ) -> Response:
        """Return a file that proves a dossier's whole history, or that there is no such dossier."""
        proof = prover.prove_to(actor, tidied(code), since=since)
        named = f'attachment; filename="proof-{proof["dossier_id"]}.json"'
        return Response(
            orjson.dumps(proof), media_type=JSON, headers={"Content-Disposition": named}
        )


def _answer(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type=JSON)


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _texts(values: Sequence[bytes]) -> list[str]:
    return [_text(value) for value in values]
