"""New dossiers are looked up most often: Zipf's law by age."""

from bisect import bisect_left
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class ByRecency:
    """Picks the newest most often; rank r has the weight 1 / r ** exponent."""

    def __init__(self, exponent: float = 1.1) -> None:
        self._exponent = exponent
        self._sums: list[float] = []

    def pick(self, oldest_first: Sequence[T], chance: Random) -> T:
        """Return one of these; there must be at least one."""
        count = len(oldest_first)
        while len(self._sums) < count:
            before = self._sums[-1] if self._sums else 0.0
            self._sums.append(before + (len(self._sums) + 1) ** -self._exponent)
        drawn = chance.uniform(0, self._sums[count - 1])
        return oldest_first[count - 1 - bisect_left(self._sums, drawn, hi=count - 1)]
