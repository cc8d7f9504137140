"""Keeps a read model up to date in a thread that never limps."""

from collections.abc import Callable
from threading import Event as Signal
from threading import Thread

from tracker.projections.feed import Feed
from tracker.projections.projector import Projector

_LOOK_AGAIN_S = 0.5


class Follower:
    """Runs a projector until it is stopped, or dies and says so."""

    def __init__(
        self, name: str, projector: Projector, feed: Feed, died: Callable[[str, Exception], None]
    ) -> None:
        """Follow the feed; `died` is called with the cause when it cannot go on."""
        self._name = name
        self._projector = projector
        self._feed = feed
        self._died = died
        self._stopping = Signal()
        self._thread = Thread(target=self._run, name=f"projection-{name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._stopping.set()
        self._feed.wake()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._projector.catch_up(self._stopping.is_set):
                    self._feed.wait(_LOOK_AGAIN_S)
        except Exception as error:  # noqa: BLE001  whatever it was, it is handed on
            self._died(self._name, error)
