"""`tracker export`: export dossiers to files, and check an earlier export."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from tracker.adapters.exports.directory import export, find_faults
from tracker.application.queries.export import Form, Selection
from tracker.cli.terminal.console import progress, say
from tracker.cli.terminal.context import me, opened
from tracker.cli.terminal.errors import CheckFailedError, UsageError
from tracker.cli.terminal.time_options import past_end, start
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.codes import tidied


def export_to(
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIRECTORY", help="A new directory, or an export to check."),
    ],
    *,
    forms: Annotated[
        list[Form] | None,
        typer.Option("--format", help="The file format. Repeat the option for several."),
    ] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only this dossier.")] = None,
    office: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Only dossiers that this office helped with, received or decided."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Only dossiers that came in at this time (or day) or later."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only dossiers that came in up to this time (or day)."),
    ] = None,
    unseal: Annotated[
        bool, typer.Option("--open", help="Open personal data; needs --reason.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="Why you open personal data. It is recorded with each dossier.")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Compare an export with its manifest. Write nothing.")
    ] = False,
) -> None:
    """Export dossiers with all their events as a directory with a manifest.

    Personal data stay sealed unless you open them and state a reason. Erased data cannot be opened.
    The access to each dossier is recorded. The manifest holds the selection, the newest event, the
    newest signed checkpoint of the log, and the SHA-256 of each file.
    """
    if check:
        _check(directory)
        return
    if unseal and not reason.strip():
        message = "--open needs --reason. Say why you open personal data; it is recorded."
        raise UsageError(message)
    if reason and not unseal:
        message = "--reason needs --open. Sealed data need no reason."
        raise UsageError(message)
    with opened() as container:
        zone, now = container.service.calendar.zone, container.now()
        selection = Selection(
            code=tidied(code) if code else None,
            office=office,
            since=start("--since", since, zone),
            until=past_end("--until", until, zone, now),
        )
        last, head = container.log.checkpoints.last(), container.scan.head()
        with progress("Events", head if selection.code is None else 0) as step:
            manifest = export(
                directory,
                forms or [Form.NDJSON],
                container.taking_away.take(
                    me(Role.AUDITOR),
                    selection,
                    up_to=head,
                    progress=step,
                    reason=reason if unseal else None,
                ),
                zone=zone,
                program=f"tracker {version('tracker')}",
                asked=selection.asked(reason.strip() if unseal else None),
                up_to=head,
                checkpoint=str(last) if last else None,
                now=container.now,
            )
    say(f"{manifest.dossiers} dossiers with {manifest.events} events are in {directory}.")


def _check(directory: Path) -> None:
    faults = find_faults(directory)
    if faults:
        message = f"{directory}: {'; '.join(faults)}."
        raise CheckFailedError(message)
    say(f"{directory}: every file is as exported.")
