"""Run commands in this process, so that modules are loaded only once."""

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from threading import Lock
from unittest.mock import patch

from tracker.cli.main import main

CLOCK = {
    "TZ",
    "FAKETIME",
    "FAKETIME_CACHE_DURATION",
    "NO_FAKE_STAT",
    "DONT_FAKE_MONOTONIC",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
}
"""Variables that decide which time it is: a process of a test needs those of the test."""

_ONE_AT_A_TIME = Lock()  # what they write to, and the environment they read, is this process's


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def bare_environment(**variables: str) -> dict[str, str]:
    """Return these variables, and of this process's own only what a program cannot do without."""
    kept = CLOCK | {"PATH"}
    return {name: value for name, value in os.environ.items() if name in kept} | variables


def run_here(arguments: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Run `tracker` with these arguments and nothing but this environment, to its end."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _ONE_AT_A_TIME,
        patch.dict(os.environ, bare_environment(**environment), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main(arguments)
        except SystemExit as end:
            return Done(int(end.code or 0), out.getvalue(), err.getvalue())
