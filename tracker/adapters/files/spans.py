"""Compare rows that are valid for a period, to find overlaps."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date, time
from typing import TypeVar

from tracker.adapters.files.tables import Row

Thing = TypeVar("Thing")
Moment = TypeVar("Moment", date, time)


def each_after_the_longest(
    rows: Iterable[tuple[Row, Thing]],
    *,
    group: Callable[[Thing], Hashable],
    first: Callable[[Thing], Moment],
    last: Callable[[Thing], Moment],
) -> Iterator[tuple[tuple[Row, Thing], tuple[Row, Thing]]]:
    """Yield each row, except the first of its group, with the earlier row that ends last.

    If a row overlaps any earlier row of its group, it overlaps the row in its pair.
    """
    longest: dict[Hashable, tuple[Row, Thing]] = {}
    for row, thing in sorted(rows, key=lambda pair: first(pair[1])):
        before = longest.get(group(thing))
        if before is not None:
            yield before, (row, thing)
        if before is None or last(thing) > last(before[1]):
            longest[group(thing)] = (row, thing)
