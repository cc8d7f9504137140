"""The epochs of an event store, and which code numbers each epoch may issue.

A store begins in epoch 0. Each restore begins a new epoch, with a number that was never used
before. The store does not know which numbers were issued after its backup. It therefore does not
continue the old sequence: for every day that may have begun before the restore, each epoch has its
own range of numbers. Later days start again at 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tracker.domain.dossier.codes import MAX_SEQUENCE

DAYS_AHEAD = 7
"""Code numbers are leased for today and for up to this many days ahead."""

MOST_EPOCHS = 90
_FIRST_RANGE = 1_000_000
_LATER_RANGE = 100_000
_MARGIN = timedelta(days=DAYS_AHEAD + 1)
"""One more day, because the local date may be one ahead of the date in UTC."""


@dataclass(frozen=True)
class Numbers:
    """The numbers `first` to `last` that may be issued; none if `last` is smaller."""

    first: int
    last: int

    def after(self, leased: int) -> int:
        """Return the first number to lease when `leased` is the highest leased so far."""
        return max(self.first, leased + 1)


def numbers_of(day: date, epochs: Iterable[tuple[int, date]]) -> Numbers:
    """Return the numbers that a store with these epochs may issue for a day.

    `epochs` are pairs of an epoch's number and the UTC date on which it began.
    """
    return range_of(max((epoch for epoch, began in epochs if day <= began + _MARGIN), default=0))


def range_of(epoch: int) -> Numbers:
    """Return the numbers of an epoch, for a day that may have begun before the epoch."""
    if epoch == 0:
        return Numbers(1, _FIRST_RANGE - 1)
    if epoch > MOST_EPOCHS:
        return Numbers(MAX_SEQUENCE + 1, MAX_SEQUENCE)
    first = _FIRST_RANGE + (epoch - 1) * _LATER_RANGE
    return Numbers(first, first + _LATER_RANGE - 1)
