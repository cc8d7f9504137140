"""Starts, watches and stops one server process, and never leaves it behind."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ops.local_servers.errors import ServerError

_POLL_SECONDS = 0.03


def run(argv: Sequence[str], *, account: str | None = None) -> None:
    """Run a command to its end, as another account if one is named.

    Raises:
        ServerError: it failed; the message holds its output.

    """
    with _begin(argv, stdout=subprocess.PIPE, account=account) as process:
        said, _ = process.communicate()
    if process.returncode:
        text = said.decode(errors="replace")[-4000:]
        message = f"{argv[0]} ended with {process.returncode}:\n{text}"
        raise ServerError(message)


class ServerProcess:
    """A command that runs until it is stopped, in a process group of its own.

    A guardian (one idle shell) holds a pipe to this process and kills the group when the pipe
    closes. So no server outlives the process that started it, not even after a SIGKILL.
    """

    def __init__(self, argv: Sequence[str], log: Path, *, account: str | None = None) -> None:
        self._argv = argv
        self._log = log
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, paused or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process that runs or ran last."""
        return self._started().pid

    def start(self) -> None:
        """Start it; its output is appended to its log."""
        if self.alive:
            message = f"{self._argv[0]} runs already"
            raise ServerError(message)
        self._dismiss_guardian()
        with self._log.open("ab") as log:
            self._process = _begin(self._argv, stdout=log.fileno(), account=self._account)
        self._guardian = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until it is ready.

        Raises:
            ServerError: it ended before, or was not ready in time.

        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                self._complain(f"ended with {self._started().returncode} while starting")
            if time.monotonic() > deadline:
                self._complain(f"was not ready after {seconds} s")
            time.sleep(_POLL_SECONDS)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        self._started().send_signal(number)

    def stop(self, number: signal.Signals, *, seconds: float) -> None:
        """Send it this signal and wait for its end; a paused process is continued.

        Raises:
            ServerError: it did not end in time and was killed.

        """
        self.send(number)
        self.send(signal.SIGCONT)
        try:
            self._started().wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._complain(f"outlived {number.name} by {seconds} s")
        self._dismiss_guardian()

    def kill(self) -> None:
        """Kill its whole group with SIGKILL, if it runs, and wait for the end."""
        if self._process is not None:
            if self.alive:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._dismiss_guardian()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = f"{self._argv[0]} was never started"
            raise ServerError(message)
        return self._process

    def _dismiss_guardian(self) -> None:
        if self._guardian is not None:
            self._guardian.kill()  # before its pipe closes: another process may have this id by now
            self._guardian.communicate()
            self._guardian = None

    def _complain(self, what: str) -> NoReturn:
        end = self._log.read_text(errors="replace")[-4000:]
        message = f"{self._argv[0]} {what}; the end of {self._log}:\n{end}"
        raise ServerError(message)


def _begin(
    argv: Sequence[str], *, stdout: int, account: str | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        extra_groups=[] if account else None,
    )
