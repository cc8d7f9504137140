"""The public look-up: the status of a dossier by its code alone."""

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
from tracker.adapters.http.concurrency.group_commit import MOST_AT_ONCE, MOST_WAITING
from tracker.adapters.http.dependencies import Dependencies, LookUp, wait_for
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.freshness import Freshness, of_the_store
from tracker.adapters.http.schema.openapi import answers
from tracker.adapters.http.schema.parameters import Code
from tracker.adapters.http.schema.problems import TooBusyError
from tracker.adapters.http.schema.responses import LookupAnswer
from tracker.application.commands.envelope import UnknownDossierError
from tracker.domain.dossier.codes import tidied
from tracker.domain.network.network import Network
from tracker.projections.dossier.lookup import LookUpResult, LookUpRow, PublicAnswer, public_answer
from tracker.projections.dossier.status import StatusRow

_ENCODER = msgspec.json.Encoder()


class PublicLookUp:
    """Answers with the public data of a dossier (tier 0) and nothing else."""

    def __init__(
        self, look_up: LookUp, network: Network, now: Callable[[], datetime], metrics: Metrics
    ) -> None:
        """Look up with `look_up`; `network` knows the phone numbers of the offices."""
        self._look_up = look_up
        self._network = network
        self._now = now
        self._metrics = metrics

    def answer(self, code: str) -> PublicAnswer:
        """Return the public answer for a code. Raise `UnknownDossierError`."""
        (answer,) = self.answers([code])
        if answer is None:
            raise UnknownDossierError
        return answer

    def answers(self, codes: Sequence[str]) -> list[PublicAnswer | None]:
        """Return the public answer for each code, or `None` if it has no dossier."""
        tidied_codes = [tidied(code) for code in codes]
        rows = self._look_up.rows(tidied_codes)
        return self.public_answers([rows.get(code) for code in tidied_codes])

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return what is known of these tidied codes. Do not call this concurrently."""
        return await self._look_up.find(codes)

    def public_answers(
        self, rows: Sequence[LookUpRow | StatusRow | None]
    ) -> list[PublicAnswer | None]:
        """Return the public answer for each row, and count the look-ups."""
        now = self._now()
        answers = [self.public_answer(row, now) if row else None for row in rows]
        unknown = answers.count(None)
        self._metrics.record_lookups("unknown", unknown)
        self._metrics.record_lookups("found", len(answers) - unknown)
        return answers

    def public_answer(self, row: LookUpRow | StatusRow, now: datetime) -> PublicAnswer:
        """Return what a row reveals to the holder of the code."""
        return public_answer(row, phone=self._phone(row.received_at_office), now=now)

    def _phone(self, office_id: str) -> str:
        office = self._network.public_face(office_id)
        return office.phone if office else ""


class BatchedLookUps:
    """Answers look-ups as JSON. One query answers all look-ups that arrived during the last."""

    def __init__(self, look_up: PublicLookUp, parts: Dependencies) -> None:
        """Look up with `look_up`, within `parts.limits`."""
        self._look_up = look_up
        self._status = parts.watched["status"]
        self._now = parts.now
        self._limits = parts.limits
        self._zone = parts.service.calendar.zone
        self._batcher = Batcher[str, bytes | None](self._answers, most=MOST_AT_ONCE)

    async def answer(self, code: str, address: str) -> bytes:
        """Return the answer to a look-up of a code by a client, as JSON.

        Raise `UnknownDossierError`, `TooOftenError`, `TooBusyError`.
        """
        return _known(await self._submit(code, address))

    def _submit(self, code: str, address: str) -> Future[Sequence[bytes | None]]:
        self._limits.check(code, address)
        if len(self._batcher) >= MOST_WAITING:
            raise TooBusyError
        return self._batcher.submit([code])

    async def close(self) -> None:
        """Finish the waiting look-ups."""
        await self._batcher.close()

    async def _answers(self, codes: Sequence[str]) -> list[bytes | None]:
        result = await self._look_up.find(codes)
        freshness = await self._freshness(result)
        answers = self._look_up.public_answers(result.rows)
        return [answer and self._as_json(answer, freshness) for answer in answers]

    async def _freshness(self, result: LookUpResult) -> Freshness:
        if result.head is not None and result.head <= result.position:
            return of_the_store(result.position)
        fresh = partial(self._status.freshness_at, head=result.head)
        return await asyncio.to_thread(fresh, result.position, self._now())

    def _as_json(self, answer: PublicAnswer, freshness: Freshness) -> bytes:
        """Return the JSON of an answer, with the fields of `LookupAnswer` in the same order."""
        promised_at = answer.promised_at
        return _ENCODER.encode(
            {
                "code": answer.code,
                "status": answer.status,
                "promised_at": promised_at and promised_at.astimezone(self._zone),
                "on_time": answer.on_time,
                "to_do": answer.to_do,
                "phone": answer.phone,
                "freshness": vars(freshness),
            }
        )


def _known(answers: Sequence[bytes | None]) -> bytes:
    (answer,) = answers
    if answer is None:
        raise UnknownDossierError
    return answer


def add_lookup(app: FastAPI, look_ups: BatchedLookUps) -> None:
    """Add the route."""

    @app.get(
        "/v1/lookup/{code}",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            404, 422, 429, 503, status=200, model=LookupAnswer, example=examples.LOOKUP
        ),
        tags=["public"],
    )
    async def look_up_by_code(
        request: Request, _up_to_date: Annotated[None, Depends(wait_for("status"))], code: Code
    ) -> Response:
        """Return the status of a dossier by its code, without name, procedure or reason."""
        return Response(
            await look_ups.answer(tidied(code), address_of(request.scope)), media_type=JSON
        )
