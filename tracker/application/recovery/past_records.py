"""Compares the event store with its read models, its log and its signed checkpoints."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.application.audit.ports import MerkleLog
from tracker.application.ports import DossierRecorder, StoreUnavailableError
from tracker.application.recovery.store_past import SilentPlaceError
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import root_of
from tracker.domain.transparency_log.notes import Note


class Model(Protocol):
    """A read model that knows its position."""

    def store_position(self) -> int:
        """Return the store position of the newest event in the model."""


class ReadModelsPlace:
    """The read models: none may have an event that the store lacks."""

    name = "the read models"

    def __init__(self, models: Mapping[str, Model], head: Callable[[], int]) -> None:
        """Compare these models with the position of the store's newest event."""
        self._models = models
        self._head = head

    def ahead(self) -> str:
        """Return a sentence about the model that is ahead of the store; empty if none is."""
        held = {name: model.store_position() for name, model in self._models.items()}
        name, position = max(held.items(), key=lambda model: model[1], default=("", 0))
        head = self._head()
        if position <= head:
            return ""
        return f"The read model {name} holds event {position}, and the store ends at {head}."


class LogPlace:
    """The log: the store must have the event of the newest leaf, byte for byte."""

    name = "the log"

    def __init__(self, log: MerkleLog, store: DossierRecorder) -> None:
        """Compare the newest leaf with the store."""
        self._log = log
        self._store = store

    def ahead(self) -> str:
        """Return a sentence if the store lacks the event or has another; empty otherwise."""
        size = self._log.size()
        return leaf_fault(self._log, self._store, size - 1) if size else ""


class SignedPlace:
    """A place that keeps signed checkpoints: the store must have every signed event."""

    def __init__(
        self,
        name: str,
        last: Callable[[], Note | None],
        *,
        log: MerkleLog,
        store: DossierRecorder,
        count: Callable[[int], int],
        origin: str,
        lost: Callable[[], Collection[str]],
    ) -> None:
        """Compare the newest note of this place with the log and the store.

        `count` returns the number of events in the store up to a position. `lost` returns the notes
        that were accepted as lost.
        """
        self.name = name
        self._last = last
        self._log = log
        self._store = store
        self._count = count
        self._origin = origin
        self._lost = lost

    def ahead(self) -> str:
        """Return a sentence if the store lacks signed events; empty otherwise.

        While the log is rebuilt, its leaves cannot be compared; then the events are counted.
        """
        try:
            note = self._last()
            signed = Checkpoint.parse(note.text) if note else None
            if note is None or signed is None or signed.origin != self._origin:
                return ""
            if str(note) in self._lost():
                return ""
            return self._fault(signed)
        except SilentPublisherError as error:
            raise SilentPlaceError(str(error)) from error
        except StoreUnavailableError:
            raise
        except TrackerError as error:  # an incomplete note, or a log that is being replaced
            raise SilentPlaceError(str(error)) from error

    def _fault(self, signed: Checkpoint) -> str:
        if self._log.size() >= signed.size > 0:
            if root_of(signed.size, self._log.fetch) != signed.root:
                return (
                    f"{self.name}: {signed.size} events were signed, and the log's first"
                    f" {signed.size} are others."
                )
            return leaf_fault(self._log, self._store, signed.size - 1)
        head = self._store.max_notification_id() or 0
        held = head if head < signed.size else self._count(head)
        if held >= signed.size:
            return ""
        return f"{self.name}: {signed.size} events were signed, and the store has {held}."


def leaf_fault(log: MerkleLog, store: DossierRecorder, number: int) -> str:
    """Return a sentence if the store does not have the event of this leaf; empty otherwise."""
    leaf = log.leaf(number)
    if leaf is None:  # the log was replaced at the same time
        return ""
    stored = store.select_notifications(leaf.position, 1)
    if not stored or stored[0].id != leaf.position:
        return f"The log holds event {leaf.position}, and the store has none there."
    if leaf_hash(stored[0].topic, stored[0].state) != leaf.node(0):
        return f"The log holds event {leaf.position}, and the store has another there."
    return ""
