"""Commands run in this process: the same to the end, but nothing is loaded for each anew."""

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from threading import Lock
from unittest.mock import patch

from tracker.cli.main import main

_ONE_AT_A_TIME = Lock()  # what they write to, and the environment they read, is this process's


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run_here(arguments: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Run `tracker` with these arguments and nothing but this environment, to its end."""
    out, err = io.StringIO(), io.StringIO()
    with (
        _ONE_AT_A_TIME,
        patch.dict(os.environ, environment, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main(arguments)
        except SystemExit as end:
            return Done(int(end.code or 0), out.getvalue(), err.getvalue())
