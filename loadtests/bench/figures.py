"""What the bench prints: a rate, the ceiling it is held against, and whether the target is met."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.bench.rounds import Spread


@dataclass(frozen=True)
class Figure:
    """One line of the table. `ratio` is to the ceiling named, round by round."""

    what: str
    rate: Spread
    unit: str
    ratio: Spread
    ceiling: str
    target: float

    @property
    def is_met(self) -> bool:
        """Tell whether the median reaches the target."""
        return self.ratio.mid >= self.target

    def line(self) -> str:
        """Write it as a row of a Markdown table."""
        met = "met" if self.is_met else "**missed**"
        return (
            f"| {self.what} | {self.rate:,.0f} {self.unit} | {self.ratio:.2f} x {self.ceiling}"
            f" | {self.target:g} x | {met} |"
        )


def table(figures: Iterable[Figure]) -> str:
    """Write the table: medians, with the least and the most of the rounds in brackets."""
    head = "| what | rate | ratio | target | |\n|---|---|---|---|---|\n"
    return head + "\n".join(figure.line() for figure in figures)
