"""Satisfaction ratings, published so that no single rating can be identified."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEWEST = 5
"""Figures over fewer ratings than this are not shown."""


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """The number of ratings, and the sum of their scores of 1 to 5."""

    count: int = 0
    scores: int = 0

    def __add__(self, other: "Ratings") -> "Ratings":
        """Return the sum of two groups."""
        return Ratings(count=self.count + other.count, scores=self.scores + other.scores)

    def as_json(self) -> dict[str, Any]:
        """Return the number of ratings and their mean with one decimal; `None` if too few."""
        if self.count < FEWEST:
            return {"ratings": None, "satisfaction": None}
        return {"ratings": self.count, "satisfaction": round(self.scores / self.count, 1)}


def hidden(groups: Mapping[str, Ratings]) -> frozenset[str]:
    """Return the names of the groups whose ratings must be hidden when the total is shown.

    These are the groups with too few ratings. If the hidden groups together still have too few, the
    next smallest group is hidden too. Otherwise a reader could subtract the shown groups from the
    total.
    """
    chosen: set[str] = set()
    hidden_total = Ratings()
    for name, ratings in sorted(groups.items(), key=lambda group: (group[1].count, group[0])):
        if ratings.count >= FEWEST and (hidden_total.count == 0 or hidden_total.count >= FEWEST):
            break
        chosen.add(name)
        hidden_total += ratings
    return frozenset(chosen)
