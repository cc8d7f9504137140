"""`tracker import`: import the event log of an older system."""

from pathlib import Path
from typing import Annotated

import typer

from tracker.adapters.imports.importing import ImportReport, import_log
from tracker.adapters.imports.mapping import MappingError, read_mapping
from tracker.adapters.imports.opening import bytes_to_read
from tracker.cli.terminal.console import note, progress, say, show_table
from tracker.cli.terminal.context import catch_up, opened
from tracker.cli.terminal.errors import UsageError


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="The log: .xes, .xes.gz, or CSV."
        ),
    ],
    mapping: Annotated[
        Path,
        typer.Option(
            metavar="MAP",
            exists=True,
            dir_okay=False,
            help="A TOML file that says what the columns mean.",
        ),
    ],
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Where to write the rejected rows. Default: next to the log.",
        ),
    ] = None,
) -> None:
    """Import the event log of an older system.

    The command reports oddities in the log. If an import is interrupted, run it again: no event is
    added twice. Rows that cannot be imported are written to a separate file, with the reason.
    """
    try:
        chosen = read_mapping(mapping)
    except MappingError as error:
        raise UsageError(str(error)) from error
    with opened() as container:
        with progress("Bytes", bytes_to_read(file)) as step:
            done = 0

            def show_progress(byte: int) -> None:
                nonlocal done
                step(byte - done)
                done = byte

            report = import_log(
                file, chosen, container.tracker.handle, rejects=rejects, progress=show_progress
            )
        catch_up(container)
    _show(report)


def _show(report: ImportReport) -> None:
    rows: list[tuple[str, object]] = [
        ("rows read", report.rows),
        ("dossiers added", report.dossiers_added),
        ("steps added", report.steps_added),
        ("decisions added", report.decisions_added),
        ("rows imported before", report.already_there),
        ("rows rejected", report.rejected),
        ("of these in conflict with an earlier import", report.conflicts),
    ]
    show_table(["what", "count"], rows, numbers=True)
    if report.oddities:
        say("")
        show_table(
            ["odd, but imported", "count", "for example"],
            [
                (
                    odd.oddity.value,
                    odd.count,
                    ", ".join(f"line {example.line} ({example.code})" for example in odd.examples),
                )
                for odd in report.oddities
            ],
        )
    if report.rejects:
        note(f"Rejected rows, each with its reason: {report.rejects}")
