"""Runs locust in a process of its own: it changes Python's sockets for all that live with it."""

import os
import subprocess
import sys
from pathlib import Path

LOG = "locust.log"
_FINISH_WITHIN_S = 30
_HERE = Path(__file__).parent


def run_locust(profile: str, *, host: str, cast: Path, results: Path) -> int:
    """Let the people of a profile visit a service; give locust's exit code, 0 even for failures.

    `cast` holds what `tracker demo` said; `results` takes the report, the log, and the journal.
    """
    results.mkdir(parents=True)
    with (results / LOG).open("wb") as log:
        return subprocess.run(
            [
                *(sys.executable, "-m", "locust", "--headless", "--only-summary"),
                *("--locustfile", str(_HERE / "locustfile.py"), "--host", host),
                *("--html", str(results / "report.html"), "--csv", str(results / "locust")),
                *("--stop-timeout", str(_FINISH_WITHIN_S), "--exit-code-on-error", "0"),
                *("--loglevel", "WARNING"),
            ],
            env=os.environ
            | {
                "LOADTEST_PROFILE": profile,
                "LOADTEST_CAST": str(cast),
                "LOADTEST_RESULTS": str(results),
                "PYTHONPATH": str(_HERE.parent),
            },
            stdout=log,
            stderr=log,
            check=False,
        ).returncode
