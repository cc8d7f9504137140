"""`tracker rebuild`: build read models again from the events, next to those in use."""

from collections.abc import Sequence
from time import sleep
from typing import Annotated

import typer

from tracker.adapters.sql.read_models.rebuild import ReadModelAheadError
from tracker.application.recovery.store_past import WITHOUT_KAFKA
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.cli.terminal.console import progress, say
from tracker.cli.terminal.context import opened
from tracker.cli.terminal.errors import CheckFailedError, UsageError
from tracker.container import Container, Follow
from tracker.projections.model.projector import Projector
from tracker.wiring.read_models import PROJECTIONS

_READERS_DONE_WITHIN_S = 0.5
_NAMES = tuple(projection.NAME for projection in PROJECTIONS)


def rebuild(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help=f"Read models: {', '.join(_NAMES)}. Default: all."),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Use the rebuilt tables even if they differ: after an upgrade or damage.",
        ),
    ] = False,
) -> None:
    """Build read models again from the events.

    The command fills new tables, compares them with those in use, and switches to the new ones. The
    service may keep running. If the two differ, nothing is switched and the exit code is 1.
    """
    unknown = [name for name in names or () if name not in _NAMES]
    if unknown:
        message = f"There is no read model {', '.join(unknown)}. There are {', '.join(_NAMES)}."
        raise UsageError(message)
    with opened() as container, less_frequent_gc():
        if replace:
            _check_loss(container, list(names or _NAMES))
        different = [
            name
            for name in dict.fromkeys(names or _NAMES)
            if not _rebuilt(name, container.follows[name], replace=replace)
        ]
    if different:
        message = (
            f"{', '.join(different)}: the tables in use differ from the events. Nothing was"
            " switched. 'tracker rebuild --replace' switches to the rebuilt tables."
        )
        raise CheckFailedError(message)


def _check_loss(container: Container, names: Sequence[str]) -> None:
    """Raise `CheckFailedError` if a read model holds events whose loss is not recorded.

    Once the tables are replaced, nothing shows any more that these events existed.
    """
    head, epochs = container.scan.head(), container.epochs.all()
    for name in names:
        held = container.follows[name].model.store_position()
        if held > head and not any(epoch.head < held <= epoch.seen for epoch in epochs):
            message = (
                f"{name} holds event {held}, and the store ends at {head}: an old backup was put"
                f" back. {WITHOUT_KAFKA}"
            )
            raise CheckFailedError(message)


def _rebuilt(name: str, follow: Follow, *, replace: bool) -> bool:
    fresh = follow.model.next_generation()
    projector = Projector(follow.projection, follow.feed, fresh)
    with progress(name, sum(follow.feed.heads().values())) as step:
        for partition in follow.feed.partitions():
            while taken := projector.run_once(partition):
                step(taken)
    try:
        comparison = follow.model.compare_and_switch(fresh, follow.feed)
    except ReadModelAheadError as error:
        say(f"{name}: {error}")
        is_equal = False
    else:
        is_equal = comparison.equal
        say(f"{name}: in use {comparison.live}")
        say(f"{name}: rebuilt {comparison.rebuilt}")
        say(f"{name}: {'equal' if is_equal else 'DIFFERENT'}")
    if replace and not is_equal:
        follow.model.replace_with(fresh)
        say(f"{name}: replaced")
    if is_equal or replace:
        sleep(_READERS_DONE_WITHIN_S)
        follow.model.drop_old()
    return is_equal or replace
