"""What anybody may ask: where a dossier stands, by its code alone."""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.concurrency.batching import Batcher
from tracker.adapters.http.concurrency.group_commit import MOST_AT_ONCE, MOST_WAITING, TooBusyError
from tracker.adapters.http.dependencies import Dependencies, LookUp
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, Waits, of_the_store
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import Code
from tracker.adapters.http.schema.responses import LookupAnswer
from tracker.application.commands.envelope import UnknownDossierError
from tracker.domain.dossier.codes import tidied
from tracker.domain.network.network import Network
from tracker.projections.dossier.lookup import LookUpResult, LookUpRow, PublicAnswer, public_answer
from tracker.projections.dossier.status import StatusRow

_ENCODER = msgspec.json.Encoder()


class PublicLookUp:
    """Answers with tier 0 and nothing else."""

    def __init__(
        self, look_up: LookUp, network: Network, now: Callable[[], datetime], metrics: Metrics
    ) -> None:
        """Look up here; the network knows the offices' phones."""
        self._look_up = look_up
        self._network = network
        self._now = now
        self._metrics = metrics

    def answer(self, code: str) -> PublicAnswer:
        """Tell where the dossier stands. Raise `UnknownDossierError`."""
        (found,) = self.answers([code])
        if found is None:
            raise UnknownDossierError
        return found

    def answers(self, codes: Sequence[str]) -> list[PublicAnswer | None]:
        """Tell of each of these codes where its dossier stands, if there is one."""
        asked = [tidied(code) for code in codes]
        rows = self._look_up.rows(asked)
        return self.all_told([rows.get(code) for code in asked])

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return what is known of each of these codes, as they stand on slips; one at a time."""
        return await self._look_up.find(codes)

    def all_told(self, rows: Sequence[LookUpRow | StatusRow | None]) -> list[PublicAnswer | None]:
        """Return what each of these rows reveals, and count it."""
        now = self._now()
        told = [self.told(row, now) if row else None for row in rows]
        unknown = told.count(None)
        self._metrics.record_lookups("unknown", unknown)
        self._metrics.record_lookups("found", len(told) - unknown)
        return told

    def told(self, row: LookUpRow | StatusRow, now: datetime) -> PublicAnswer:
        """Return what this row reveals to whoever has the code."""
        return public_answer(row, phone=self._phone(row.received_at_office), now=now)

    def _phone(self, office_id: str) -> str:
        office = self._network.public_face(office_id)
        return office.phone if office else ""


class BatchedLookUps:
    """Answers as JSON; who asks during a query is asked for in the next, with all who wait."""

    def __init__(self, look_up: PublicLookUp, parts: Dependencies) -> None:
        """Look up here; the read model tells how fresh it is."""
        self._look_up = look_up
        self._status = parts.watched["status"]
        self._now = parts.now
        self._limits = parts.limits
        self._zone = parts.service.calendar.zone
        self._together = Batcher[str, bytes | None](self._answers, most=MOST_AT_ONCE)

    async def answer(self, code: str, address: str) -> bytes:
        """Return this address the answer to this code.

        Raise `UnknownDossierError`, `TooOftenError`, `TooBusyError`.
        """
        return _known(await self._asked(code, address))

    def _asked(self, code: str, address: str) -> Future[Sequence[bytes | None]]:
        self._limits.check(code, address)
        if len(self._together) >= MOST_WAITING:
            raise TooBusyError
        return self._together.submit([code])

    async def close(self) -> None:
        """Finish what was asked."""
        await self._together.close()

    async def _answers(self, codes: Sequence[str]) -> list[bytes | None]:
        found = await self._look_up.find(codes)
        freshness = await self._freshness(found)
        told = self._look_up.all_told(found.rows)
        return [one and self._as_json(one, freshness) for one in told]

    async def _freshness(self, found: LookUpResult) -> Freshness:
        if found.head is not None and found.head <= found.position:
            return of_the_store(found.position)
        fresh = partial(self._status.freshness_at, head=found.head)
        return await asyncio.to_thread(fresh, found.position, self._now())

    def _as_json(self, told: PublicAnswer, freshness: Freshness) -> bytes:
        """Write it as `LookupAnswer` has it: the same names in the same order."""
        promised_at = told.promised_at
        return _ENCODER.encode(
            {
                "code": told.code,
                "status": told.status,
                "promised_at": promised_at and promised_at.astimezone(self._zone),
                "on_time": told.on_time,
                "to_do": told.to_do,
                "phone": told.phone,
                "freshness": vars(freshness),
            }
        )


def _known(answers: Sequence[bytes | None]) -> bytes:
    (answer,) = answers
    if answer is None:
        raise UnknownDossierError
    return answer


def add_lookup(app: FastAPI, parts: Dependencies, look_ups: BatchedLookUps) -> None:
    """Add the look-up."""
    until_there = Depends(Waits([parts.watched["status"]], head=parts.head, seconds=parts.wait_s))

    @app.get(
        "/v1/lookup/{code}",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            404, 422, 429, 503, status=200, model=LookupAnswer, example=examples.LOOKUP
        ),
        tags=["public"],
    )
    async def look_up_by_code(
        request: Request, _there: Annotated[None, until_there], code: Code
    ) -> Response:
        """Tell where a dossier stands to whoever has its code: no name, no procedure, no reason."""
        return Response(
            await look_ups.answer(tidied(code), address_of(request.scope)), media_type=JSON
        )
