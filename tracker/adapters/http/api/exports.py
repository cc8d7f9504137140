"""Dossiers to take away, as an archive that is made while it is sent."""

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Response

from tracker.adapters.http.auth.authentication import ApiKeyAuth
from tracker.adapters.http.concurrency.exclusive import ExclusiveSlot
from tracker.adapters.http.concurrency.streaming import Download
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.schema.openapi import problem_answers
from tracker.adapters.http.schema.parameters import Moment, check_past
from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.application.commands.text_types import Code, Id, Line
from tracker.application.problems.input_faults import Fault
from tracker.application.queries.export import Form, Selection
from tracker.domain.dossier.actors import Actor

ZIP = "application/zip"


class ExportApi:
    """Return exports away, one at a time."""

    def __init__(self, parts: Dependencies) -> None:
        """Take them from there."""
        self._parts = parts
        self._turn = ExclusiveSlot()

    def download(
        self, actor: Actor, form: Form, selection: Selection, reason: str | None
    ) -> Download:
        """Return the archive to be sent. Raise `FutureTimeError`, `FaultyInputError`."""
        check_past(self._parts.now(), selection.since, selection.until)
        if selection.since and selection.until and selection.since > selection.until:
            raise FaultyInputError([Fault(pointer="#/query/since", detail="must lie before until")])
        return Download(
            lambda pace: self._parts.archives.pieces(
                actor, form, selection, reason=reason, progress=pace
            ),
            file_name=f"tracker-{form}.zip",
            media_type=ZIP,
            turn=self._turn,
            is_ending=self._parts.is_ending,
        )


def add_exports(app: FastAPI, signed_in: ApiKeyAuth, exporting: ExportApi) -> None:
    """Add the route."""

    @app.get(
        "/v1/exports/{form}",
        response_class=Response,
        responses={
            200: {
                "description": "The events and `manifest.json`; unpacked, `tracker export --check`"
                " compares them.",
                "content": {
                    ZIP: {"schema": {"type": "string", "format": "binary"}, "example": "PK\x03\x04"}
                },
            },
            **problem_answers(401, 403, 404, 422, 501, 503),
        },
        tags=["read"],
    )
    async def export(
        actor: Annotated[Actor, Depends(signed_in)],
        form: Form,
        *,
        code: Annotated[Code | None, Query(description="Only this dossier.")] = None,
        office: Annotated[
            Id | None, Query(description="Only dossiers helped, received or decided there.")
        ] = None,
        since: Annotated[
            Moment | None, Query(description="Only dossiers that came in from then on.")
        ] = None,
        until: Annotated[
            Moment | None, Query(description="Only dossiers that came in by then.")
        ] = None,
        reason: Annotated[
            Line | None,
            Query(
                description="Why personal data are opened, recorded with each dossier. Without it"
                " they stay sealed."
            ),
        ] = None,
    ) -> Response:
        """Take dossiers away, each whole, as a ZIP archive: what `tracker export` writes.

        The look at each dossier is recorded. One archive is made at a time.
        """
        selection = Selection(code=code, office=office, since=since, until=until)
        return exporting.download(actor, form, selection, reason)
