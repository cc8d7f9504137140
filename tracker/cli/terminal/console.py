"""Print tables, progress and notes; plain text unless the output is a terminal."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

_WIDEST = 10_000
_A_LINE_EVERY_S = 60

Step = Callable[[int], None]
"""A callback that gets the amount of work done since its last call."""


def say(text: str) -> None:
    """Write a result to standard output."""
    print(text, flush=True)  # noqa: T201  results go to standard output


def note(text: str) -> None:
    """Write advice or an error to standard error."""
    print(text, file=sys.stderr)  # noqa: T201  separate from results


def show_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    numbers: bool = False,
) -> None:
    """Print a table. Cells are never cut or wrapped, so that they can be copied.

    `numbers`: all columns except the first hold numbers.
    """
    heading = list(columns)
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in [heading, *cells]) for index in range(len(columns))]
    if sys.stdout.isatty() and _fits(table := _drawn(heading, cells, title, numbers=numbers)):
        Console().print(table)
        return
    if title:
        say(title)
    for row in [heading, *cells]:
        padded = (
            cell.rjust(width) if numbers and index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say("  ".join(padded).rstrip())


def _drawn(
    heading: Sequence[str], cells: Sequence[Sequence[str]], title: str, *, numbers: bool
) -> Table:
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for index, column in enumerate(heading):
        table.add_column(column, justify="right" if numbers and index else "left", no_wrap=True)
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _fits(table: Table) -> bool:
    console = Console()
    wanted = Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
    return wanted <= console.width


@contextmanager
def progress(what: str, total: int) -> Iterator[Step]:
    """Show progress and the remaining time: a bar on a terminal, else a line a minute."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(what, total, monotonic).step
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not total,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


class Lines:
    """Print one line of progress a minute, for a log. Short work prints nothing."""

    def __init__(self, what: str, total: int, clock: Callable[[], float]) -> None:
        """Start now. `clock` returns seconds."""
        self._what = what
        self._total = total
        self._clock = clock
        self._done = 0
        self._began = self._printed_at = clock()

    def step(self, more: int) -> None:
        """Add to the work done, and print a line if a minute has passed."""
        self._done += more
        now = self._clock()
        if now < self._printed_at + _A_LINE_EVERY_S or not 0 < self._done < self._total:
            return
        self._printed_at = now
        left = timedelta(seconds=int((now - self._began) * (self._total / self._done - 1)))
        note(
            f"{self._what}: {self._done:,} of {self._total:,}"
            f" ({self._done / self._total:.0%}), about {left} left"
        )
