"""How satisfied citizens are, told so that nobody is told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEWEST = 5
"""Fewer answers than these are not shown."""


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """How many rated, and the sum of their scores of 1 to 5."""

    count: int = 0
    scores: int = 0

    def __add__(self, other: "Ratings") -> "Ratings":
        """Add two groups up."""
        return Ratings(count=self.count + other.count, scores=self.scores + other.scores)

    def as_json(self) -> dict[str, Any]:
        """Return their number and their mean with one decimal; neither where they are too few."""
        if self.count < FEWEST:
            return {"ratings": None, "satisfaction": None}
        return {"ratings": self.count, "satisfaction": round(self.scores / self.count, 1)}


def hidden(groups: Mapping[str, Ratings]) -> frozenset[str]:
    """Name the groups whose ratings are not to be shown beside their total.

    Those with too few, and, while those together are too few, the next smallest: else the total
    less the groups shown would tell what is hidden.
    """
    chosen: set[str] = set()
    together = Ratings()
    for name, ratings in sorted(groups.items(), key=lambda one: (one[1].count, one[0])):
        if ratings.count >= FEWEST and (together.count == 0 or together.count >= FEWEST):
            break
        chosen.add(name)
        together += ratings
    return frozenset(chosen)
