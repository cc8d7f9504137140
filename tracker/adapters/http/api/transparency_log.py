"""The routes of the transparency log: public checkpoints and proofs, and proofs of dossiers."""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import BaseModel

from tracker.adapters.http.auth.authentication import SignedIn, open_to_all
from tracker.adapters.http.dependencies import Parts
from tracker.adapters.http.schema import log_examples
from tracker.adapters.http.schema.bodies import JSON, NOTE, BodyReader
from tracker.adapters.http.schema.log_responses import (
    ConsistencyAnswer,
    InclusionAnswer,
    ProofAnswer,
    TakenAnswer,
)
from tracker.adapters.http.schema.openapi import answers, problem_answers, text_body
from tracker.adapters.http.schema.parameters import Code
from tracker.adapters.http.schema.problems import MalformedError
from tracker.domain.dossier.codes import tidied
from tracker.domain.transparency_log.notes import Note

_VERIFIER = Path(str(files("tracker"))) / "verifier" / "verify_proof.py"
_MOST = 2**62
_NOTES = BodyReader(16 * 1024)
"""Reads the signed notes of witnesses."""

_Number = Annotated[int, Query(ge=0, le=_MOST)]
_Size = Annotated[int, Query(ge=1, le=_MOST)]

router = APIRouter(generate_unique_id_function=lambda route: route.name)


@router.get(
    "/v1/log/checkpoint",
    dependencies=[Depends(open_to_all)],
    response_class=Response,
    responses={
        200: {
            "description": "The newest checkpoint, a C2SP signed note.",
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": log_examples.CHECKPOINT}
            },
        },
        **problem_answers(404, 503),
    },
    tags=["log"],
)
def show_checkpoint(parts: Parts) -> Response:
    """Return the newest signed checkpoint. Keep it: every later log must continue it."""
    return Response(str(parts.prover.checkpoint()), media_type="text/plain; charset=utf-8")


@router.post(
    "/v1/log/checkpoint/cosignatures",
    dependencies=[Depends(open_to_all)],
    responses=answers(
        *(400, 408, 409, 413, 415, 422, 503),
        status=200,
        model=TakenAnswer,
        example=log_examples.TAKEN,
    ),
    openapi_extra=text_body(log_examples.CHECKPOINT),
    tags=["log"],
)
async def cosign(request: Request, parts: Parts) -> Response:
    """Store the signatures of known witnesses for the newest checkpoint (`cosignature/v1`).

    Send the checkpoint as it was received, with the lines of the witnesses added. From then on the
    checkpoint is returned with them. Sending it again changes nothing.
    """
    _, raw = await _NOTES.read(request, NOTE)
    try:
        note = Note.parse(raw.decode())
    except UnicodeDecodeError:
        raise MalformedError from None
    taken = await run_in_threadpool(parts.witnessing.take, note, newest_only=True)
    return _answer(TakenAnswer(witnesses=taken))


@router.get(
    "/v1/log/proof/inclusion",
    dependencies=[Depends(open_to_all)],
    responses=answers(
        404, 422, 503, status=200, model=InclusionAnswer, example=log_examples.INCLUSION
    ),
    tags=["log"],
)
def prove_inclusion(
    parts: Parts,
    leaf: _Number,
    size: Annotated[
        _Size | None, Query(description="Default: the size of the newest checkpoint.")
    ] = None,
) -> Response:
    """Return the proof that a leaf is in the log of a size. It contains only hashes."""
    proven = parts.prover.inclusion(leaf, size)
    return _answer(
        InclusionAnswer(
            leaf=proven.leaf,
            size=proven.size,
            leaf_hash=_base64(proven.hashed),
            root=_base64(proven.root),
            path=_all_base64(proven.path),
        )
    )


@router.get(
    "/v1/log/proof/consistency",
    dependencies=[Depends(open_to_all)],
    responses=answers(
        422, 503, status=200, model=ConsistencyAnswer, example=log_examples.CONSISTENCY
    ),
    tags=["log"],
)
def prove_consistency(
    parts: Parts,
    first: Annotated[_Size, Query(alias="from")],
    second: Annotated[_Size, Query(alias="to")],
) -> Response:
    """Return the proof that the log of the second size continues the log of the first size."""
    path = parts.prover.consistency(first, second)
    return _answer(ConsistencyAnswer(first=first, second=second, path=_all_base64(path)))


@router.get("/v1/log/verifier", dependencies=[Depends(open_to_all)], include_in_schema=False)
async def give_verifier() -> FileResponse:
    """Return the program that checks a proof offline, in one file."""
    return FileResponse(_VERIFIER, media_type="text/x-python", filename=_VERIFIER.name)


@router.get(
    "/v1/dossiers/{code}/proof",
    responses=answers(
        401, 403, 404, 422, 503, status=200, model=ProofAnswer, example=log_examples.PROOF
    ),
    tags=["log"],
)
def prove_dossier(
    actor: SignedIn,
    parts: Parts,
    code: Code,
    since: Annotated[
        _Size | None, Query(description="The size of an older checkpoint to continue from.")
    ] = None,
) -> Response:
    """Return a file that proves the whole history of a dossier, or that it does not exist."""
    proof = parts.prover.prove_to(actor, tidied(code), since=since)
    disposition = f'attachment; filename="proof-{proof["dossier_id"]}.json"'
    return Response(
        orjson.dumps(proof), media_type=JSON, headers={"Content-Disposition": disposition}
    )


def _answer(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), media_type=JSON)


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _all_base64(values: Sequence[bytes]) -> list[str]:
    return [_base64(value) for value in values]
