"""`tracker check-data`: check the data files of the service and list every fault."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from tracker.adapters.files.calendar import CalendarFileError, load_calendar
from tracker.adapters.files.service_data import load_service_data
from tracker.adapters.files.tables import DataFilesError
from tracker.cli.terminal.console import note, say, show_table
from tracker.cli.terminal.context import settings
from tracker.cli.terminal.errors import CheckFailedError


def check_data(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="The directory of CSV files. Default: the one that the service uses.",
        ),
    ] = None,
) -> None:
    """Check the data files of the service.

    The files hold the offices, procedures and calendar changes. The command prints every fault
    with its file and line. The exit code is 1 if there is a fault.
    """
    chosen = directory or settings().service_data
    problems: list[str] = []
    try:
        data = load_service_data(chosen)
    except DataFilesError as error:
        problems += error.problems
    try:
        calendar = load_calendar(chosen)
    except CalendarFileError as error:
        problems += (problem.removeprefix(f"{chosen}/") for problem in error.problems)
    if problems:
        for problem in problems:
            note(problem)
        message = f"{len(problems)} fault{'s' if len(problems) > 1 else ''} in {chosen}"
        raise CheckFailedError(message)
    network, catalogue = data.network, data.catalogue
    kinds = Counter(office.kind.value for office in network.offices.values())
    rows: list[tuple[str, object]] = [(f"offices: {kind}", count) for kind, count in kinds.items()]
    rows += [
        ("partners", len(network.partners)),
        ("collaborators", len(network.collaborators)),
        ("timetable stops", len(network.timetable)),
        ("procedures", len(catalogue.procedures)),
        ("openings to agents", len(catalogue.openings)),
        ("calendar changes", len(calendar.changes)),
    ]
    show_table(["what", "count"], rows, numbers=True)
    say(f"network {network.version}, procedures {catalogue.digest}, calendar {calendar.version}")
    say(f"calendar from {calendar.first} to {calendar.last}")
