"""Measures things in turn, round after round, so that a noisy machine disturbs all alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """What several rounds gave: the least, the median and the most."""

    low: float
    mid: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum the values up. Raises `ValueError` where there are none."""
        return cls(min(values), median(values), max(values))

    def __format__(self, how: str) -> str:
        """Write it as `median (least to most)`, each in the format given; one alone as it is."""
        if self.low == self.high:
            return f"{self.mid:{how}}"
        return f"{self.mid:{how}} ({self.low:{how}} to {self.high:{how}})"


def alternate(
    sides: Mapping[str, Callable[[], float]],
    rounds: int,
    *,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, list[float]]:
    """Run every side once a round, every other round in reverse, and give each side's values."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        names = list(sides)
        if number % 2:
            names.reverse()
        for name in names:
            value = sides[name]()
            values[name].append(value)
            told(f"  round {number + 1} of {rounds}  {name:<28} {value:12,.1f}")
    return values


def ratios(values: Sequence[float], ceiling: Sequence[float]) -> Spread:
    """Give the ratio to a ceiling, round by round."""
    return Spread.of([one / other for one, other in zip(values, ceiling, strict=True)])
