"""What anybody may ask: where a dossier stands, by its code alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Response

from tracker.adapters.http import examples
from tracker.adapters.http.answers import LookupAnswer
from tracker.adapters.http.bodies import JSON
from tracker.adapters.http.doors import open_to_all
from tracker.adapters.http.freshness import Waits
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.openapi import answers
from tracker.adapters.http.parameters import Code
from tracker.adapters.http.parts import LookUp, Parts
from tracker.application.posts import UnknownDossierError
from tracker.domain.codes import tidied
from tracker.domain.network import KINDS_UNDER_A_BRANCH, Network
from tracker.projections.lookup import PublicAnswer, public_answer


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
        """Tell where the dossier stands. Raises `UnknownDossierError`."""
        row = self._look_up.row(tidied(code))
        self._metrics.record_lookup("found" if row else "unknown")
        if row is None:
            raise UnknownDossierError
        return public_answer(row, phone=self._phone(row.received_at_office), now=self._now())

    def _phone(self, office_id: str) -> str:
        """Give the number to call: a branch's, since an agent point's would tell which it was."""
        office = self._network.offices.get(office_id)
        if office and office.kind in KINDS_UNDER_A_BRANCH and office.parent:
            office = self._network.offices.get(office.parent)
        return office.phone if office else ""


def add_public(app: FastAPI, parts: Parts, look_up: PublicLookUp) -> None:
    """Add the look-up."""
    status = parts.watched["status"]
    until_there = Depends(Waits([status], head=parts.head, seconds=parts.wait_s))

    @app.get(
        "/v1/lookup/{code}",
        dependencies=[Depends(open_to_all)],
        responses=answers(404, 422, 503, status=200, model=LookupAnswer, example=examples.LOOKUP),
        tags=["public"],
    )
    def look_up_by_code(_there: Annotated[None, until_there], code: Code) -> Response:
        """Tell where a dossier stands to whoever has its code: no name, no procedure, no reason."""
        freshness = status.freshness(parts.now())
        told = look_up.answer(code)
        promised_at = told.promised_at
        answer = LookupAnswer(
            code=told.code,
            status=told.status,
            promised_at=promised_at and promised_at.astimezone(parts.service.calendar.zone),
            on_time=told.on_time,
            to_do=told.to_do,
            phone=told.phone,
            freshness=freshness,
        )
        return Response(answer.model_dump_json(), media_type=JSON)
