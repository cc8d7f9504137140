"""The lines that the bench prints: the figure, its baseline or target, and whether it is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.bench.harness.rounds import Spread, ratios


@dataclass(frozen=True)
class Figure:
    """One line of the table. `is_met` is `None` if there is no target."""

    what: str
    figure: str
    baseline: str
    target: str = ""
    is_met: bool | None = None

    def line(self) -> str:
        """Write it as a row of a Markdown table."""
        met = {True: "met", False: "**missed**", None: ""}[self.is_met]
        return f"| {self.what} | {self.figure} | {self.baseline} | {self.target} | {met} |"


def against(
    what: str,
    values: Sequence[float],
    ceiling: Sequence[float],
    name: str,
    target: float,
    *,
    unit: str = "requests/s",
) -> Figure:
    """Compare the values with those of a baseline, round by round; the ratio has a minimum."""
    ratio = ratios(values, ceiling)
    return Figure(
        what,
        f"{Spread.of(values):,.0f} {unit}",
        f"{ratio:.2f} x {name}",
        f"{target:g} x",
        ratio.mid >= target,
    )


def at_least(
    what: str,
    values: Sequence[float],
    target: float,
    unit: str,
    baseline: str,
    *,
    digits: int = 0,
) -> Figure:
    """Compare the median with a minimum, whatever the machine."""
    spread = Spread.of(values)
    figure = f"{spread:,.{digits}f} {unit}"
    return Figure(what, figure, baseline, f"{target:,g} {unit}", spread.mid >= target)


def at_most(
    what: str,
    values: Sequence[float],
    target: float,
    unit: str,
    baseline: str,
    *,
    digits: int = 0,
) -> Figure:
    """Compare the median with a maximum, whatever the machine."""
    spread = Spread.of(values)
    figure = f"{spread:,.{digits}f} {unit}"
    return Figure(what, figure, baseline, f"at most {target:,g} {unit}", spread.mid <= target)


def broken(name: str, error: Exception) -> Figure:
    """Return the line of a scenario that failed."""
    return Figure(name, "not measured", f"{type(error).__name__}, see above", is_met=False)


def table(figures: Iterable[Figure]) -> str:
    """Return the table: medians, with the lowest and the highest round in brackets."""
    head = "| what | figure | compared with | target | |\n|---|---|---|---|---|\n"
    return head + "\n".join(figure.line() for figure in figures)
