"""Draws rate and time to answer against the size of the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.bench.harness.client import Load
from loadtests.bench.harness.rounds import Spread

mpl.use("Agg")

_COLOURS = ("#1f5f8b", "#b5542c", "#3c7a3c")
_ROOM_FOR_THE_LEGEND = 1.25


@dataclass(frozen=True)
class Point:
    """The rounds of one kind of work with this many dossiers stored."""

    work: str
    dossiers: int
    loads: Sequence[Load]


def draw(points: Sequence[Point], path: Path) -> None:
    """Draw the medians of the rounds, with the lowest and the highest, as a PNG."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    rates, times = figure.subplots(1, 2)
    for colour, work in zip(_COLOURS, dict.fromkeys(one.work for one in points), strict=False):
        loads: dict[int, list[Load]] = {}
        for one in points:
            if one.work == work:
                loads.setdefault(one.dossiers, []).extend(one.loads)
        sizes = sorted(loads)
        _line(rates, work, colour, sizes, [Spread.of([it.rate for it in loads[n]]) for n in sizes])
        for share, style in ((0.5, "-"), (0.99, "--")):
            took = [median(it.percentile(share) for it in loads[n]) * 1000 for n in sizes]
            times.plot(
                sizes, took, style, color=colour, marker="o", label=f"{work}, p{share * 100:.0f}"
            )
    _name(rates, "requests a second")
    _name(times, "milliseconds to the answer")
    figure.savefig(path, dpi=110)


def _line(axes: Axes, work: str, colour: str, sizes: Sequence[int], of: Sequence[Spread]) -> None:
    axes.plot(sizes, [one.mid for one in of], color=colour, marker="o", label=work)
    axes.fill_between(
        sizes, [one.low for one in of], [one.high for one in of], color=colour, alpha=0.15
    )


def _name(axes: Axes, what: str) -> None:
    axes.set_xscale("log")
    axes.set_ylim(0, axes.get_ylim()[1] * _ROOM_FOR_THE_LEGEND)
    axes.set_xlabel("dossiers in the archive")
    axes.set_ylabel(what)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", ncols=3)
