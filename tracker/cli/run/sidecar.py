"""The process beside `tracker serve` that keeps the read models, and the line between the two.

In one process both would take turns under one interpreter lock, and each would wait for the other.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event as Signal
from threading import Thread
from types import TracebackType
from typing import Self

import structlog

from tracker.domain.errors import TrackerError

FOR_SERVE = "--for-serve"
"""What tells `tracker work` that it is this process."""

_ANOTHER_AFTER_S = 1.0
_MANY = 65_536

_log = structlog.get_logger("tracker.serve")


class GaveUpError(TrackerError):
    """Who keeps the read models has ended with an error, which stands above."""


class Sidecar:
    """Keeps `tracker work` running beside this process, and wakes it when something was stored.

    A byte on the line wakes it, the line's end lets it stop: it outlives nobody, whatever became of
    this process.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Run it in the environment of this process, with these variables set."""
        self._environment = {**os.environ, **settings}
        self._ours, self._its = socket.socketpair()
        self._ours.setblocking(False)
        self._stopping = Signal()

    def __enter__(self) -> Self:
        """Open the line."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._ours.close()
        self._its.close()

    def wake(self) -> None:
        """Let it look at the store at once."""
        with suppress(OSError):  # it has been told often enough, or is told no more
            self._ours.send(b".")

    def run(self, stopping: Callable[[], bool]) -> None:
        """Keep it running until told to stop. Raise `GaveUpError` where it says it cannot go on.

        Where somebody kills it another follows: nothing was lost.
        """
        while not stopping():
            code, said = self._run_once()
            if code > 0:
                raise GaveUpError(said.strip())
            if not stopping():
                _log.error("who keeps the read models has ended, another follows", code=code)
                self._stopping.wait(_ANOTHER_AFTER_S)

    def stop(self) -> None:
        """Let it finish what it has in hand, and end."""
        self._stopping.set()
        self._ours.shutdown(socket.SHUT_WR)

    def _run_once(self) -> tuple[int, str]:
        with subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", "tracker", "work", FOR_SERVE],
            env=self._environment,
            stdin=self._its.fileno(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is not meant for it
        ) as process:
            said, _ = process.communicate()
            return process.returncode, said


@contextmanager
def ended_by_serve(stop: Callable[[], None], wake: Callable[[], None]) -> Iterator[None]:
    """Be the process beside meanwhile: `wake` when the service says so, `stop` when it has gone.

    A signal to stop may be sent to both: this one goes on until the last request is answered. Its
    standard output goes to the service, and holds nothing but why it cannot go on.
    """
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)

    def listen() -> None:
        while os.read(sys.stdin.fileno(), _MANY):
            wake()
        stop()

    Thread(target=listen, name="serve", daemon=True).start()
    yield
