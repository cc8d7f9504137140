"""The dossier page for the holder of the receipt: all data of tier 1, and the rating."""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, StreamingResponse

from tracker.adapters.http.api.commands import CommandApi
from tracker.adapters.http.auth.authentication import ReceiptAuth
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.pages.live import STREAM, Live
from tracker.adapters.http.pages.rendering import Pages, language_of
from tracker.adapters.http.pages.working_days import working_days_left
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema.bodies import BodyReader
from tracker.application.commands.delivery import Rate
from tracker.application.commands.envelope import Envelope
from tracker.application.queries.citizen_view import CitizenView
from tracker.domain.deadlines.wording import why_sentence
from tracker.domain.dossier.actors import citizen_of
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.errors import ConflictError
from tracker.projections.dossier.status import StatusRow

_PATH = "/h/{code}/{token}"
_SCORES = {str(score): score for score in range(1, 6)}
_LONGEST_REASON = 2000


def add_citizen_dossier_page(
    app: FastAPI,
    parts: Dependencies,
    *,
    pages: Pages,
    bodies: BodyReader,
    writing: CommandApi,
    live: Live,
) -> None:
    """Add the page, its live updates and the rating."""
    holds_receipt = Depends(ReceiptAuth(parts.citizens, parts.limits))

    def show(
        request: Request, own: CitizenView, *, status: int = 200, form: dict[str, str] | None = None
    ) -> Response:
        now = parts.now()
        due_at, reckoned = own.promised_at, own.why.reckoned
        explains = reckoned is not None and reckoned.due_at == due_at
        return pages.show(
            request,
            "citizen_dossier.html",
            status=status,
            here=parts.receipts.path(own.code),
            dossier=own,
            path=parts.receipts.path(own.code),
            days_left=due_at and working_days_left(parts.service.calendar, now, due_at),
            why=why_sentence(reckoned.steps, language_of(request)) if reckoned and explains else "",
            now=now,
            form=form,
        )

    @app.get(_PATH, include_in_schema=False)
    def show_dossier(request: Request, own: Annotated[CitizenView, holds_receipt]) -> Response:
        """Show all data that the receipt holder may see."""
        return show(request, own)

    @app.post(f"{_PATH}/rating", include_in_schema=False)
    async def rate(request: Request, own: Annotated[CitizenView, holds_receipt]) -> Response:
        """Store the rating. The secret address protects against forged requests of other sites."""
        form = await bodies.read_form(request)
        chosen, reason = form.get("score", ""), form.get("reason", "").strip()
        score = _SCORES.get(chosen)
        if own.may_rate and (score is None or len(reason) > _LONGEST_REASON):
            typed = {"score": chosen, "reason": reason}
            return await run_in_threadpool(show, request, own, status=422, form=typed)
        if own.may_rate and score is not None:
            command = Rate(
                event_id="rating",
                occurred_at=parts.now(),
                code=own.code,
                step="rated",
                score=score,
                reason=reason or None,
            )
            with suppress(
                ConflictError
            ):  # already rated in another window; the page shows that rating
                await writing.store(Envelope(citizen_of(dossier_id(own.code)), command))
        return RedirectResponse(parts.receipts.path(own.code) + "#rating", 303)

    @app.get(f"{_PATH}/live", include_in_schema=False)
    async def stream_changes(
        request: Request, own: Annotated[CitizenView, holds_receipt], seen: int = 0
    ) -> StreamingResponse:
        """Send one event when the dossier has a newer version than `seen`."""

        def is_new(row: StatusRow) -> bool:
            return row.version > seen

        return StreamingResponse(
            live.follow(own.code, is_new, address_of(request.scope)), media_type=STREAM
        )
