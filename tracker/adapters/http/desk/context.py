"""The shared parts of all desk pages: render a page, store a form exactly once."""

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
    """The services that the desk pages use."""

    parts: Dependencies
    pages: Pages
    sessions: Sessions
    writing: CommandApi

    def today(self) -> date:
        """Return today's date in the local time zone."""
        return self.parts.service.local_day(self.parts.now())

    def show(
        self,
        request: Request,
        browser_session: BrowserSession,
        template: str,
        *,
        status: int = 200,
        here: str | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Return a page for a signed-in user and restart the idle time of the session."""
        may = MAY[browser_session.actor.role]
        answer = self.pages.show(
            request,
            f"desk/{template}",
            status=status,
            headers=None,
            here=here,
            actor=browser_session.actor,
            office=self.parts.service.network.offices.get(browser_session.actor.office),
            token=(TOKEN, browser_session.session.token),
            may_read=Read.DOSSIER in may,
            may_list=Read.REGISTER in may,
            may_replay=Read.READERS in may,
            may_explain=Read.EXPLANATION in may,
            may_export=Read.EXPORT in may,
            may_take_in={Read.DOSSIER, Step.RECEIVED} <= may,
            **values,
        )
        self.sessions.keep(browser_session.session, request, answer)
        return answer

    async def store(
        self,
        browser_session: BrowserSession,
        kind: type[Intake | StepCommand],
        raw: Mapping[str, Any],
        if_version: int | None = None,
    ) -> Accepted:
        """Store the form input as a command. A form that is sent twice is stored once.

        `occurred_at` defaults to now, or to the time of the first request with the same event id.
        Raise `ValidationError` for invalid input and `TrackerError` if the command is refused.
        """
        command = kind.model_validate({"occurred_at": self.parts.now(), **raw})
        envelope = Envelope(browser_session.actor, command, if_version)
        try:
            return await self.writing.store(envelope)
        except RequestReusedError:
            first = await run_in_threadpool(self.parts.last_event_of, envelope.key)
            if first is None or "occurred_at" in raw:
                raise
            repeated = command.model_copy(update={"occurred_at": first.occurred_at})
            return await self.writing.store(replace(envelope, command=repeated))
