"""The routes for blocks of code numbers, which devices use for intakes without a network."""

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON, BodyReader
from tracker.adapters.http.schema.openapi import BODY, answers, body, ref
from tracker.adapters.http.schema.parameters import Day
from tracker.adapters.http.schema.problems import FaultyInputError, UnknownBlockError
from tracker.adapters.http.schema.responses import BlockAnswer, UnusedAnswer
from tracker.application.commands.code_allocation import NotYourCodeError
from tracker.application.commands.reception import WrongPlaceError
from tracker.application.problems.input_faults import Fault
from tracker.domain.dossier.actors import Actor, Manage, Role, require
from tracker.domain.dossier.codes import CodeBlock, DossierCode
from tracker.domain.dossier.store_epochs import DAYS_AHEAD
from tracker.domain.errors import ConflictError
from tracker.domain.network.network import UnknownOfficeError

_MOST = 200


class Lease(BaseModel):
    """Lease a block of code numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Day | None = Field(
        default=None, description="The day of intake: today or one of the next 7 days."
    )
    size: Annotated[int, Field(ge=1, le=_MOST, strict=True)]
    agency: Annotated[str, Field(max_length=30, examples=["H26.01"])] | None = Field(
        default=None,
        description="Default: that of the sender's office; only administrators may name another.",
    )


class Unused(BaseModel):
    """Return numbers that will never be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    numbers: Annotated[
        tuple[Annotated[int, Field(ge=1, le=9_999_999, strict=True)], ...],
        Field(min_length=1, max_length=_MOST),
    ]


_LEASE = TypeAdapter(Lease)
_UNUSED = TypeAdapter(Unused)


class NumberInUseError(ConflictError):
    """One of these numbers belongs to a dossier."""


class Leases:
    """Leases blocks to permitted actors, and records their unused numbers."""

    def __init__(self, parts: Dependencies) -> None:
        """Lease blocks in `parts.blocks`."""
        self._parts = parts

    def lease(self, actor: Actor, request: Lease) -> CodeBlock:
        """Lease a block for the agency of the sender's office; administrators may name another.

        Raise `NotAllowedError`, `FaultyInputError`, `UnknownOfficeError`, `WrongPlaceError`.
        """
        require(actor, Manage.CODE_BLOCKS)
        now = self._parts.now()
        today = self._parts.service.local_day(now)
        day = request.day or today
        if not today <= day <= today + timedelta(days=DAYS_AHEAD):
            raise FaultyInputError(
                [Fault(pointer="#/day", detail="must be today or within 7 days")]
            )
        return self._parts.blocks.lease(
            agency=self._agency(actor, request.agency),
            day=day,
            size=request.size,
            leased_to=actor.id,
            leased_at=now,
        )

    def record_unused(self, actor: Actor, block_id: str, unused: Unused) -> None:
        """Record numbers of the sender's block as never used.

        Raise `NotAllowedError`, `UnknownBlockError`, `NotYourCodeError`, `FaultyInputError`,
        `NumberInUseError`.
        """
        require(actor, Manage.CODE_BLOCKS)
        block = self._parts.blocks.block(block_id)
        if block is None:
            raise UnknownBlockError
        if block.leased_to != actor.id and actor.role is not Role.ADMINISTRATOR:
            raise NotYourCodeError
        faults = [
            Fault(pointer=f"#/numbers/{position}", detail="must be a number of this block")
            for position, number in enumerate(unused.numbers)
            if not block.first <= number <= block.last
        ]
        if faults:
            raise FaultyInputError(faults)
        codes = [
            DossierCode.issue(block.agency, block.day, number).text for number in unused.numbers
        ]
        if self._parts.used(codes):
            raise NumberInUseError
        self._parts.blocks.record_unused(block_id, unused.numbers)

    def _agency(self, actor: Actor, requested: str | None) -> str:
        offices = self._parts.service.network.offices
        own = offices[actor.office].agency if actor.office in offices else None
        agency = requested or own
        if agency is None or not any(office.agency == agency for office in offices.values()):
            raise UnknownOfficeError
        if agency != own and actor.role is not Role.ADMINISTRATOR:
            raise WrongPlaceError
        return agency


def add_code_blocks(
    app: FastAPI, signed_in: ApiKeyAuth, bodies: BodyReader, leases: Leases
) -> None:
    """Add the routes for blocks of codes."""

    @app.post(
        "/v1/code-blocks",
        status_code=201,
        responses=answers(*BODY, status=201, model=BlockAnswer, example=examples.BLOCK),
        openapi_extra=body(ref(Lease.__name__), examples.LEASE),
        tags=["code blocks"],
    )
    async def lease_codes(
        request: Request, actor: Annotated[Actor, Depends(signed_in)]
    ) -> Response:
        """Lease code numbers, so that a device can issue real codes without a network."""
        block = await run_in_threadpool(leases.lease, actor, await bodies.read_as(request, _LEASE))
        answer = BlockAnswer(
            id=block.id,
            agency=block.agency,
            day=block.day.isoformat(),
            first=block.first,
            last=block.last,
            codes=[code.text for code in block.codes()],
        )
        return Response(answer.model_dump_json(), status_code=201, media_type=JSON)

    @app.post(
        "/v1/code-blocks/{block_id}/unused",
        responses=answers(
            *BODY, 404, 409, status=200, model=UnusedAnswer, example=examples.UNUSED_NOTED
        ),
        openapi_extra=body(ref(Unused.__name__), examples.UNUSED),
        tags=["code blocks"],
    )
    async def give_codes_back(
        request: Request,
        actor: Annotated[Actor, Depends(signed_in)],
        block_id: Annotated[str, Path(max_length=64)],
    ) -> Response:
        """Record numbers of a block as never used. Sending them again changes nothing."""
        unused = await bodies.read_as(request, _UNUSED)
        await run_in_threadpool(leases.record_unused, actor, block_id, unused)
        answer = UnusedAnswer(id=block_id, numbers=sorted(set(unused.numbers)))
        return Response(answer.model_dump_json(), media_type=JSON)
