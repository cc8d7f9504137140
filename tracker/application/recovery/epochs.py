"""Begins a new epoch of the event store after a restore."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch: its start, the last position of the store at that time, and the decision.

    `seen` is the newest event that a read model had then: the events after `head` were lost.
    `source` is the origin of the restored events: `kafka` or `backup`. `kept_checkpoint` is the
    size of the newest signed checkpoint that the restored store covers. `lost_checkpoints` are the
    texts of published checkpoints that cover lost events.
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
        """Return one line for an operator."""
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
    """Stores the highest number of all epochs outside the event store."""

    def read(self) -> int:
        """Return the number, 0 if there is none."""

    def write(self, number: int) -> None:
        """Store the number."""


def next_epoch(epochs: Epochs, kept: LastEpoch, elsewhere: int) -> int:
    """Return an unused number for an epoch, after storing it outside the event store.

    `elsewhere` is the highest number known from Kafka or from the operator. A crash afterwards only
    leaves the number unused.
    """
    known = [epoch.number for epoch in epochs.all()]
    number = max([kept.read(), elsewhere, *known]) + 1
    kept.write(number)
    return number


class LostCheckpoints:
    """The published checkpoints that an operator accepted as lost."""

    def __init__(self, epochs: Callable[[], Sequence[Epoch]]) -> None:
        """Read the lost checkpoints from these epochs."""
        self._epochs = epochs

    def texts(self) -> Collection[str]:
        """Return the texts of the lost checkpoints."""
        return {note for epoch in self._epochs() for note in epoch.lost_checkpoints}

    def kept_size(self, note: str) -> int | None:
        """Return the size from which the log continued; `None` if this note was not lost."""
        sizes = [
            epoch.kept_checkpoint for epoch in self._epochs() if note in epoch.lost_checkpoints
        ]
        return sizes[-1] if sizes else None
