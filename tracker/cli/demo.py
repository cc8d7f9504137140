"""`tracker demo`: fills an empty installation with dossiers of people who do not exist."""

from datetime import timedelta
from typing import Annotated

import typer

from tracker.bootstrap import wall_clock
from tracker.cli.terminal.console import note, progress, say, show_table
from tracker.cli.terminal.context import catch_up, opened
from tracker.container import Container
from tracker.demo.actors import one_a_role
from tracker.demo.filling import SPAN, DemoClock, fill


def demo(
    dossiers: Annotated[int, typer.Option(min=1, max=20_000, help="How many.")] = 320,
    seed: Annotated[int, typer.Option(help="Other dossiers for another number.")] = 1,
) -> None:
    """Fill an EMPTY installation with sample dossiers.

    They tell of the last three months, and of nobody who exists. Also makes API keys for every
    role and prints them. Where there are dossiers already nothing is added. Never run it where
    real dossiers are to be kept: events cannot be deleted.
    """
    until = wall_clock()
    clock = DemoClock(until - SPAN)
    with opened(now=clock) as it:
        there = it.scan.head()
        if there:
            say(f"There are {there} events already, so nothing was added.")
            return
        with progress("Minutes of the quarter", SPAN // timedelta(minutes=1)) as step:
            acts = fill(
                it.tracker,
                it.service,
                clock,
                until=until,
                dossiers=dossiers,
                seed=seed,
                step=step,
            )
        catch_up(it)
        say(f"{dossiers} dossiers were taken through {acts} steps.")
        say(f"Codes to try: {', '.join(it.sample_codes(8))}")
        _make_keys(it)


def _make_keys(it: Container) -> None:
    made_at = wall_clock()
    rows = [
        (actor.role.value, actor.id, actor.office or actor.partner, it.keys.make(actor, made_at))
        for actor in one_a_role(it.service, made_at)
    ]
    show_table(["role", "actor", "at", "key"], rows, title="API keys for the demo:")
    note("These keys are shown this once; 'tracker keys make' makes others.")
