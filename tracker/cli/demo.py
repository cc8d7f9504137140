"""`tracker demo`: fill an empty installation with sample dossiers of invented people."""

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
    dossiers: Annotated[int, typer.Option(min=1, max=20_000, help="The number of dossiers.")] = 320,
    seed: Annotated[int, typer.Option(help="Another number makes other dossiers.")] = 1,
) -> None:
    """Fill an EMPTY installation with sample dossiers.

    The dossiers cover the last three months; the people in them are invented. The command also
    makes an API key for every role and prints it. If the installation has dossiers already,
    nothing is added. Never run it where you will keep real dossiers: events cannot be deleted.
    """
    until = wall_clock()
    clock = DemoClock(until - SPAN)
    with opened(now=clock) as container:
        head = container.scan.head()
        if head:
            say(f"There are {head} events already, so nothing was added.")
            return
        with progress("Minutes of the quarter", SPAN // timedelta(minutes=1)) as step:
            acts = fill(
                container.tracker,
                container.service,
                clock,
                until=until,
                dossiers=dossiers,
                seed=seed,
                step=step,
            )
        catch_up(container)
        say(f"{dossiers} dossiers were taken through {acts} steps.")
        say(f"Codes to try: {', '.join(container.sample_codes(8))}")
        _make_keys(container)


def _make_keys(container: Container) -> None:
    made_at = wall_clock()
    rows = [
        (
            actor.role.value,
            actor.id,
            actor.office or actor.partner,
            container.keys.make(actor, made_at),
        )
        for actor in one_a_role(container.service, made_at)
    ]
    show_table(["role", "actor", "at", "key"], rows, title="API keys for the demo:")
    note("These keys are shown only once. 'tracker keys make' makes new ones.")
