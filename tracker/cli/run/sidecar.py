"""The second process of `tracker serve`, which keeps the read models, and the socket between both.

In one process, requests and read models would share one interpreter lock and slow each other down.
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
"""The hidden option by which `tracker work` knows that it is the sidecar."""

_RESTART_AFTER_S = 1.0
_READ_BYTES = 65_536

_log = structlog.get_logger("tracker.serve")


class GaveUpError(TrackerError):
    """The process that keeps the read models ended with an error. See the log before this line."""


class Sidecar:
    """Run `tracker work` as a second process, and wake it when events are stored.

    A byte on the socket wakes it. It stops when the socket closes, so it also stops if this process
    is killed.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Store the environment of this process, with these variables set, for the sidecar."""
        self._environment = {**os.environ, **settings}
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._stopping = Signal()

    def __enter__(self) -> Self:
        """Return this object; the socket is open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket."""
        self._ours.close()
        self._theirs.close()

    def wake(self) -> None:
        """Make the sidecar read the store at once."""
        with suppress(OSError):  # the buffer is full, or the sidecar is stopping
            self._ours.send(b".")

    def run(self, stopping: Callable[[], bool]) -> None:
        """Keep the sidecar running until `stopping`. Raise `GaveUpError` if it exits with an error.

        If it is killed, start it again: no data is lost.
        """
        while not stopping():
            code, output = self._run_once()
            if code > 0:
                raise GaveUpError(output.strip())
            if not stopping():
                _log.error(
                    "the process that keeps the read models was killed; starting it again",
                    code=code,
                )
                self._stopping.wait(_RESTART_AFTER_S)

    def stop(self) -> None:
        """Make the sidecar finish its current work and exit."""
        self._stopping.set()
        self._ours.shutdown(socket.SHUT_WR)

    def _run_once(self) -> tuple[int, str]:
        with subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "tracker", "work", FOR_SERVE],
            env=self._environment,
            stdin=self._theirs.fileno(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C must not reach it
        ) as process:
            output, _ = process.communicate()
            return process.returncode, output


@contextmanager
def ended_by_serve(stop: Callable[[], None], wake: Callable[[], None]) -> Iterator[None]:
    """Act as the sidecar: call `wake` when the service sends a byte, `stop` when it has ended.

    SIGTERM and SIGINT are ignored, because both processes may receive them and the sidecar must run
    until the last request is answered. Its standard output goes to the service and holds only the
    reason of a failure.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)

    def listen() -> None:
        while os.read(sys.stdin.fileno(), _READ_BYTES):
            wake()
        stop()

    Thread(target=listen, name="serve", daemon=True).start()
    yield
