"""How busy it is as time passes, and so when somebody comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """So many seconds at this level; 1 is as busy as it ever gets."""

    seconds: float
    level: float


class LoadCurve:
    """Levels one after the other. Whoever comes every 10 s at level 1 comes every 40 s at 0.25."""

    def __init__(self, stretches: Sequence[Segment]) -> None:
        self._stretches = stretches

    @property
    def seconds(self) -> float:
        """How long it all lasts."""
        return sum(one.seconds for one in self._stretches)

    def level(self, at: float) -> float:
        """The level at this second; 0 before the beginning and after the end."""
        began = 0.0
        for one in self._stretches:
            if began <= at < began + one.seconds:
                return one.level
            began += one.seconds
        return 0.0

    def after(self, at: float, wait: float) -> float:
        """The second at which a wait that would take so long at level 1 ends, begun at `at`.

        Infinite where it does not end before all is over.
        """
        began = 0.0
        for one in self._stretches:
            ends = began + one.seconds
            if at < ends:
                start = max(at, began)
                if one.level * (ends - start) >= wait and one.level:
                    return start + wait / one.level
                wait -= one.level * (ends - start)
            began = ends
        return float("inf")

    def falls(self) -> list[tuple[float, float]]:
        """Every stretch that follows a busier one: when it begins and when it ends."""
        began, found = 0.0, []
        for before, one in pairwise(self._stretches):
            began += before.seconds
            if one.level < before.level:
                found.append((began, began + one.seconds))
        return found


def day(levels: Sequence[float], seconds: float) -> LoadCurve:
    """A day of as many equal stretches as there are levels, passing in so many seconds."""
    return LoadCurve([Segment(seconds / len(levels), level) for level in levels])
