"""Refuses to write if the event store is older than its own past, after an old backup was restored.

Places outside the store keep records of its events: Kafka, the signed checkpoints, the read models
and this process. Each place compares its records with the store. While a place is ahead of the
store, or has other events, nothing may be written: the necessary restore would lose it again.
"""

import logging
from collections.abc import Callable, Sequence
from threading import Event as Signal
from threading import Lock
from typing import Protocol

from eventsourcing.persistence import PersistenceError

from tracker.application.ports import StoreUnavailableError
from tracker.domain.errors import TrackerError

_log = logging.getLogger(__name__)

LOOK_AGAIN_S = 10.0
WITH_KAFKA = (
    "Nothing is written until it is restored: fill an empty database with 'tracker restore"
    " --from-kafka'."
)
WITHOUT_KAFKA = (
    "Put the newer database back, or record the loss with 'tracker restore --accept-old-backup'"
    " and then run 'tracker rebuild --replace'."
)


class StoreBehindError(StoreUnavailableError):
    """The event store is older than its own past. Nothing is written until it is restored."""


class SilentPlaceError(TrackerError):
    """This place cannot be read now."""


class Place(Protocol):
    """A place that keeps records of the store's past."""

    @property
    def name(self) -> str:
        """The name of the place."""

    def ahead(self) -> str:
        """Return a sentence about the events that the store lacks; empty if it lacks none.

        Raise `SilentPlaceError`, `StoreUnavailableError`, or the library's `PersistenceError`.
        """


class StorePast:
    """Decides whether the store may be written."""

    def __init__(
        self,
        places: Sequence[Place],
        *,
        head: Callable[[], int],
        epoch: Callable[[], int],
        what_to_do: str,
    ) -> None:
        """Compare the store with these places.

        `head` returns the position of the newest event, `epoch` the number of the store's epoch.
        `what_to_do` tells the operator how to repair a store that must not be written.
        """
        self._what_to_do = what_to_do
        self._places = places
        self._head = head
        self._epoch_now = epoch
        self._faults: dict[str, str] = {}
        self._silent: set[str] = set()
        self._looked = False
        self._seen = 0
        self._epoch = 0
        self._looking = Lock()
        self._signal = Signal()

    def check(self) -> None:
        """Raise `StoreBehindError` if the store must not be written.

        The first call compares all places; later calls use the last result of `look`.
        """
        if not self._looked:
            with self._looking:
                if not self._looked:
                    self._look()
        faults = list(self._faults.values())
        if faults:
            message = f"The event store is older than its own past: {faults[0]} {self._what_to_do}"
            raise StoreBehindError(message)

    def begin(self) -> int:
        """Return the newest known position, for `stored`. Raise `StoreBehindError`."""
        self.check()
        return self._seen

    def stored(self, begun: int, positions: Sequence[int]) -> None:
        """Keep the positions of new events; `begun` is the result of `begin` before the write.

        Raise `StoreBehindError` if they do not follow the known events of this process: the
        store was replaced by a backup while the service runs. Then do not acknowledge the write.
        """
        if not positions:
            return
        if min(positions) <= begun:
            self._note(_OURSELVES, _went_back(begun, min(positions) - 1))
            self.check()
        self._seen = max(self._seen, *positions)

    def look(self) -> bool:
        """Compare all places. Return whether the store may be written.

        A place that does not answer keeps its last result. Raise `StoreUnavailableError` or the
        library's `PersistenceError` if the store does not answer.
        """
        with self._looking:
            self._look()
        return not self._faults

    def faults(self) -> dict[str, str]:
        """Return a sentence for each place that is ahead of the store, by its name."""
        return dict(self._faults)

    def silent(self) -> set[str]:
        """Return the names of the places that did not answer."""
        return set(self._silent)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Compare all places every 10 seconds until `stopping()` is true."""
        while not stopping():
            try:
                self.look()
            except (StoreUnavailableError, PersistenceError) as error:
                _log.warning("The store cannot be compared with its past: %s", error)
            self._signal.wait(LOOK_AGAIN_S)
            self._signal.clear()

    def wake(self) -> None:
        """Make `run` compare the places immediately."""
        self._signal.set()

    def _look(self) -> None:
        self._look_at_ourselves()
        for place in self._places:
            try:
                self._note(place.name, place.ahead())
            except (SilentPlaceError, StoreUnavailableError, PersistenceError) as error:
                if place.name not in self._silent:
                    _log.warning("%s cannot be read now: %s", place.name, error)
                self._silent.add(place.name)
            else:
                self._silent.discard(place.name)
        self._looked = True

    def _look_at_ourselves(self) -> None:
        epoch, seen = self._epoch_now(), self._seen
        head = self._head()
        if epoch > self._epoch:
            # The restore was recorded: the events that this process saw belong to the lost epoch.
            self._epoch, self._seen = epoch, head
            self._note(_OURSELVES, "")
        elif head < seen:
            self._note(_OURSELVES, _went_back(seen, head))

    def _note(self, place: str, fault: str) -> None:
        known = self._faults.get(place, "")
        if fault:
            self._faults[place] = fault
            if not known:
                _log.critical(
                    "The store is older than its own past: %s %s", fault, self._what_to_do
                )
        elif known:
            del self._faults[place]
            _log.warning("%s and the store agree again.", place)


_OURSELVES = "this process"


def _went_back(seen: int, head: int) -> str:
    return f"This process saw event {seen}, and then the store ended at {head}."
