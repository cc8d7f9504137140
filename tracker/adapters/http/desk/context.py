"""What every page of the desk works with: it shows pages, and stores what was typed once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from tracker.adapters.http.api.commands import CommandApi
from tracker.adapters.http.auth.authentication import BrowserSession
from tracker.adapters.http.auth.sessions import Sessions
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.desk.auth import TOKEN
from tracker.adapters.http.pages.rendering import Pages
from tracker.application.commands.envelope import Accepted, Envelope, RequestReusedError
from tracker.application.commands.intake import Intake
from tracker.application.commands.step_context import StepCommand
from tracker.domain.dossier.actors import MAY, Read
from tracker.domain.dossier.lifecycle import Step


@dataclass(frozen=True)
class DeskContext:
    """The front desk."""

    parts: Dependencies
    pages: Pages
    sessions: Sessions
    writing: CommandApi

    def today(self) -> date:
        """Return the day it is here."""
        return self.parts.service.local_day(self.parts.now())

    def show(
        self,
        request: Request,
        visit: BrowserSession,
        template: str,
        *,
        status: int = 200,
        here: str | None = None,
        **told: object,
    ) -> HTMLResponse:
        """Show a page to somebody signed in; the session's idle time begins anew."""
        may = MAY[visit.actor.role]
        answer = self.pages.show(
            request,
            f"desk/{template}",
            status=status,
            headers=None,
            here=here,
            actor=visit.actor,
            office=self.parts.service.network.offices.get(visit.actor.office),
            token=(TOKEN, visit.session.token),
            may_read=Read.DOSSIER in may,
            may_list=Read.REGISTER in may,
            may_replay=Read.READERS in may,
            may_explain=Read.EXPLANATION in may,
            may_export=Read.EXPORT in may,
            may_take_in={Read.DOSSIER, Step.RECEIVED} <= may,
            **told,
        )
        self.sessions.keep(visit.session, request, answer)
        return answer

    async def store(
        self,
        visit: BrowserSession,
        kind: type[Intake | StepCommand],
        raw: Mapping[str, Any],
        if_version: int | None = None,
    ) -> Accepted:
        """Store what was typed; sent twice, it is stored once.

        Without a time it happened now, or when the same was first sent. Raises pydantic's
        `ValidationError`, and what stands against it.
        """
        message = kind.model_validate({"occurred_at": self.parts.now(), **raw})
        post = Envelope(visit.actor, message, if_version)
        try:
            return await self.writing.one(post)
        except RequestReusedError:
            first = await run_in_threadpool(self.parts.last_event_of, post.key)
            if first is None or "occurred_at" in raw:
                raise
            same = message.model_copy(update={"occurred_at": first.occurred_at})
            return await self.writing.one(replace(post, message=same))
