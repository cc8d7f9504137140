"""The route that exports dossiers as an archive, which is made while it is sent."""

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
    """Makes exports, one at a time."""

    def __init__(self, parts: Dependencies) -> None:
        """Make archives with `parts.archives`."""
        self._parts = parts
        self._slot = ExclusiveSlot()

    def download(
        self, actor: Actor, form: Form, selection: Selection, reason: str | None
    ) -> Download:
        """Return the archive as a download. Raise `FutureTimeError`, `FaultyInputError`."""
        check_past(self._parts.now(), selection.since, selection.until)
        if selection.since and selection.until and selection.since > selection.until:
            raise FaultyInputError([Fault(pointer="#/query/since", detail="must be before until")])
        return Download(
            lambda throttle: self._parts.archives.pieces(
                actor, form, selection, reason=reason, progress=throttle
            ),
            file_name=f"tracker-{form}.zip",
            media_type=ZIP,
            slot=self._slot,
            is_ending=self._parts.is_ending,
        )


def add_exports(app: FastAPI, signed_in: ApiKeyAuth, exports: ExportApi) -> None:
    """Add the route."""

    @app.get(
        "/v1/exports/{form}",
        response_class=Response,
        responses={
            200: {
                "description": "The events and `manifest.json`. `tracker export --check` compares"
                " them after unpacking.",
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
            Id | None,
            Query(description="Only dossiers that this office helped with, received or decided."),
        ] = None,
        since: Annotated[
            Moment | None, Query(description="Only dossiers received at or after this time.")
        ] = None,
        until: Annotated[
            Moment | None, Query(description="Only dossiers received by this time.")
        ] = None,
        reason: Annotated[
            Line | None,
            Query(
                description="The reason for opening personal data; it is recorded for each dossier."
                " Without a reason the data stays sealed."
            ),
        ] = None,
    ) -> Response:
        """Export whole dossiers as the ZIP archive that `tracker export` writes.

        The access to each dossier is recorded. The service makes one archive at a time.
        """
        selection = Selection(code=code, office=office, since=since, until=until)
        return exports.download(actor, form, selection, reason)
