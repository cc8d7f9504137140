"""Refuses to write where the store is behind its own past, because an old backup was put back.

Places outside the store remember what it held: Kafka, the signed checkpoints, the read models, and
this process itself. Each place compares what it remembers with the store. While one of them is
ahead of the store, or remembers other events, nothing may be written: what is acknowledged then
would be lost by the restore that has to follow.
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
    """This place cannot be asked now."""


class Place(Protocol):
    """A place that remembers the past of the store."""

    @property
    def name(self) -> str:
        """Name it."""

    def ahead(self) -> str:
        """Say what the store lacks of what this place remembers; empty where it lacks nothing.

        Raise `SilentPlaceError`, or what a database raises that does not answer.
        """


class StorePast:
    """Knows whether the store may be written."""

    def __init__(
        self,
        places: Sequence[Place],
        *,
        head: Callable[[], int],
        epoch: Callable[[], int],
        what_to_do: str,
    ) -> None:
        """Ask these places; `head` is the position of the newest event, `epoch` the store's.

        `what_to_do` is said to the operator where the store must not be written.
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
        """Raise `StoreBehindError` where the store must not be written.

        The first call asks the places; later calls rely on what `look` found last.
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
        """Return what `stored` wants to know later. Raise `StoreBehindError`."""
        self.check()
        return self._seen

    def stored(self, begun: int, positions: Sequence[int]) -> None:
        """Note the positions of new events; `begun` is what `begin` returned before.

        Raise `StoreBehindError` where they do not follow the events of this process: the store
        was put back under a running service, and what was stored now is not acknowledged.
        """
        if not positions:
            return
        if min(positions) <= begun:
            self._note(_OURSELVES, _went_back(begun, min(positions) - 1))
            self.check()
        self._seen = max(self._seen, *positions)

    def look(self) -> bool:
        """Ask all places; tell whether the store may be written.

        A place that is silent keeps its last verdict. Raise what a store raises that does not
        answer.
        """
        with self._looking:
            self._look()
        return not self._faults

    def faults(self) -> dict[str, str]:
        """Say what the store lacks, a sentence for each place that is ahead, by its name."""
        return dict(self._faults)

    def silent(self) -> set[str]:
        """Name the places that could not be asked."""
        return set(self._silent)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Look again and again until told to stop."""
        while not stopping():
            try:
                self.look()
            except (StoreUnavailableError, PersistenceError) as error:
                _log.warning("The store cannot be compared with its past: %s", error)
            self._signal.wait(LOOK_AGAIN_S)
            self._signal.clear()

    def wake(self) -> None:
        """Let `run` look at once."""
        self._signal.set()

    def _look(self) -> None:
        self._look_at_ourselves()
        for place in self._places:
            try:
                self._note(place.name, place.ahead())
            except (SilentPlaceError, StoreUnavailableError, PersistenceError) as error:
                if place.name not in self._silent:
                    _log.warning("%s cannot be asked now: %s", place.name, error)
                self._silent.add(place.name)
            else:
                self._silent.discard(place.name)
        self._looked = True

    def _look_at_ourselves(self) -> None:
        epoch, seen = self._epoch_now(), self._seen
        head = self._head()
        if epoch > self._epoch:
            # The restore was recorded: what this process saw before is of the lost epoch.
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
