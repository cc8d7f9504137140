"""`tracker export`: takes dossiers away, to be worked on elsewhere, and checks what was taken."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from tracker.adapters.exports.directory import export, wrong_in
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
        typer.Argument(metavar="DIRECTORY", help="Where to: a new directory, or one to check."),
    ],
    *,
    forms: Annotated[
        list[Form] | None,
        typer.Option("--format", help="How to write it; may be given several times."),
    ] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only this dossier.")] = None,
    office: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only dossiers helped, received or decided there."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only dossiers that came in from then on, or that day."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only dossiers that came in by then, or that day."),
    ] = None,
    unseal: Annotated[
        bool, typer.Option("--open", help="Open personal data; needs --reason.")
    ] = False,
    reason: Annotated[
        str, typer.Option(help="Why personal data are opened; it is recorded with each dossier.")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Compare an export with its manifest; write nothing.")
    ] = False,
) -> None:
    """Export dossiers, each with all that happened to it, as a directory with a manifest.

    Personal data stay sealed unless opened for a stated reason; what was erased stays closed. The
    look at each dossier is recorded. The manifest tells what was asked for, the newest event, the
    newest signed checkpoint of the log, and the SHA-256 of each file.
    """
    if check:
        _check(directory)
        return
    if unseal and not reason.strip():
        message = "--open needs --reason: why personal data are opened. It is recorded."
        raise UsageError(message)
    if reason and not unseal:
        message = "--reason goes with --open: sealed data need none."
        raise UsageError(message)
    with opened() as it:
        zone, now = it.service.calendar.zone, it.now()
        selection = Selection(
            code=tidied(code) if code else None,
            office=office,
            since=start("--since", since, zone),
            until=past_end("--until", until, zone, now),
        )
        last, head = it.log.checkpoints.last(), it.scan.head()
        with progress("Events", head if selection.code is None else 0) as step:
            manifest = export(
                directory,
                forms or [Form.NDJSON],
                it.taking_away.take(
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
                now=it.now,
            )
    say(f"{manifest.dossiers} dossiers with {manifest.events} events are in {directory}.")


def _check(directory: Path) -> None:
    faults = wrong_in(directory)
    if faults:
        message = f"{directory}: {'; '.join(faults)}."
        raise CheckFailedError(message)
    say(f"{directory}: every file is as it was exported.")
