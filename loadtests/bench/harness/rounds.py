"""Measures several things in turn, so that a noisy machine disturbs all of them alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The lowest value, the median and the highest value of several rounds."""

    low: float
    mid: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of these values. Raise `ValueError` if there are none."""
        return cls(min(values), median(values), max(values))

    def __format__(self, how: str) -> str:
        """Return `median (lowest to highest)`, or the value alone if all are equal."""
        if self.low == self.high:
            return f"{self.mid:{how}}"
        return f"{self.mid:{how}} ({self.low:{how}} to {self.high:{how}})"


def alternate(
    sides: Mapping[str, Callable[[], float]],
    rounds: int,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, list[float]]:
    """Run every side once a round, every second round in reverse; return each side's values."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides)
        if number % 2:
            names.reverse()
        for name in names:
            value = sides[name]()
            values[name].append(value)
            say(f"  round {number + 1} of {rounds}  {name:<28} {value:12,.1f}")
    return values


def ratios(values: Sequence[float], ceiling: Sequence[float]) -> Spread:
    """Return the ratio to a baseline, round by round."""
    return Spread.of([one / other for one, other in zip(values, ceiling, strict=True)])
