"""Begins a new epoch of the event store after a restore."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch: when it began, where the store ended then, and who decided it.

    `seen` is the newest event that a read model held then: those after `head` were lost.
    `source` says what the store was filled from: `kafka` or `backup`. `kept_checkpoint` is the size
    of the newest signed checkpoint that the restored store held, `lost_checkpoints` are published
    checkpoints of events that were lost, as they are written.
    """

    number: int
    began_at: datetime
    head: int
    seen: int
    source: str
    by: str
    decision: str
    kept_checkpoint: int = 0
    lost_checkpoints: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in one line."""
        return (
            f"epoch {self.number} began at {self.began_at.isoformat(timespec='seconds')} with"
            f" position {self.head}, restored from {self.source}; decided by {self.by}:"
            f" {self.decision}"
        )


class Epochs(Protocol):
    """The epochs of a store."""

    def all(self) -> Sequence[Epoch]:
        """Return the epochs after the first, oldest first."""

    def add(self, epoch: Epoch) -> None:
        """Store a new epoch."""


class LastEpoch(Protocol):
    """A place outside the store that keeps the highest epoch ever begun."""

    def read(self) -> int:
        """Return it, 0 where there is none."""

    def write(self, number: int) -> None:
        """Store it."""


def next_epoch(epochs: Epochs, kept: LastEpoch, elsewhere: int) -> int:
    """Return a number that no epoch had, and store it outside the store first.

    `elsewhere` is the highest number known otherwise: from Kafka, or from the operator. A crash
    afterwards only leaves a number unused.
    """
    known = [epoch.number for epoch in epochs.all()]
    number = max([kept.read(), elsewhere, *known]) + 1
    kept.write(number)
    return number


class LostCheckpoints:
    """Knows which published checkpoints were accepted as lost."""

    def __init__(self, epochs: Callable[[], Sequence[Epoch]]) -> None:
        """Ask these epochs."""
        self._epochs = epochs

    def texts(self) -> Collection[str]:
        """Return them as they are written."""
        return {note for epoch in self._epochs() for note in epoch.lost_checkpoints}

    def kept_size(self, note: str) -> int | None:
        """Return the size up to which the log goes on, `None` where this note was not lost."""
        sizes = [one.kept_checkpoint for one in self._epochs() if note in one.lost_checkpoints]
        return sizes[-1] if sizes else None
