"""What the bench prints: what was measured, what it is held against, and whether that is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loadtests.bench.harness.rounds import Spread, ratios


@dataclass(frozen=True)
class Figure:
    """One line of the table. What has no target `is_met` neither way."""

    what: str
    figure: str
    beside: str
    target: str = ""
    is_met: bool | None = None

    def line(self) -> str:
        """Write it as a row of a Markdown table."""
        met = {True: "met", False: "**missed**", None: ""}[self.is_met]
        return f"| {self.what} | {self.figure} | {self.beside} | {self.target} | {met} |"


def against(
    what: str,
    values: Sequence[float],
    ceiling: Sequence[float],
    name: str,
    target: float,
    *,
    unit: str = "requests/s",
) -> Figure:
    """Hold the values of the rounds against a ceiling's, round by round: a ratio at least."""
    ratio = ratios(values, ceiling)
    return Figure(
        what,
        f"{Spread.of(values):,.0f} {unit}",
        f"{ratio:.2f} x {name}",
        f"{target:g} x",
        ratio.mid >= target,
    )


def at_least(
    what: str, values: Sequence[float], target: float, unit: str, beside: str, *, digits: int = 0
) -> Figure:
    """Hold the median against what is wanted, whatever the machine."""
    spread = Spread.of(values)
    figure = f"{spread:,.{digits}f} {unit}"
    return Figure(what, figure, beside, f"{target:,g} {unit}", spread.mid >= target)


def at_most(
    what: str, values: Sequence[float], target: float, unit: str, beside: str, *, digits: int = 0
) -> Figure:
    """Hold the median against what is allowed, whatever the machine."""
    spread = Spread.of(values)
    figure = f"{spread:,.{digits}f} {unit}"
    return Figure(what, figure, beside, f"at most {target:,g} {unit}", spread.mid <= target)


def broken(name: str, error: Exception) -> Figure:
    """Give the line of a scenario that could not be measured."""
    return Figure(name, "not measured", f"{type(error).__name__}, see above", is_met=False)


def table(figures: Iterable[Figure]) -> str:
    """Write the table: medians, with the least and the most of the rounds in brackets."""
    head = "| what | figure | beside | target | |\n|---|---|---|---|---|\n"
    return head + "\n".join(figure.line() for figure in figures)
