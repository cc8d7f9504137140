"""The load over time, and from it the time of the next visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """Some seconds at this level; 1 is the maximum load."""

    seconds: float
    level: float


class LoadCurve:
    """Levels in sequence. A user who comes every 10 s at level 1 comes every 40 s at level 0.25."""

    def __init__(self, stretches: Sequence[Segment]) -> None:
        self._stretches = stretches

    @property
    def seconds(self) -> float:
        """The whole duration."""
        return sum(one.seconds for one in self._stretches)

    def level(self, at: float) -> float:
        """Return the level at this second; 0 before the start and after the end."""
        began = 0.0
        for one in self._stretches:
            if began <= at < began + one.seconds:
                return one.level
            began += one.seconds
        return 0.0

    def after(self, at: float, wait: float) -> float:
        """Return the end of a wait that starts at `at` and takes `wait` seconds at level 1.

        Infinite if it does not end before the end of the curve.
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
        """Return start and end of every segment that follows a busier one."""
        began, found = 0.0, []
        for before, one in pairwise(self._stretches):
            began += before.seconds
            if one.level < before.level:
                found.append((began, began + one.seconds))
        return found


def day(levels: Sequence[float], seconds: float) -> LoadCurve:
    """Return a day with one segment for each level, compressed into these seconds."""
    return LoadCurve([Segment(seconds / len(levels), level) for level in levels])
