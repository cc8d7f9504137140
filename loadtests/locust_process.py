"""Runs locust in its own process, because it replaces Python's sockets for the whole process."""

import os
import subprocess
import sys
from pathlib import Path

LOG = "locust.log"
_FINISH_WITHIN_S = 30
_HERE = Path(__file__).parent


def run_locust(profile: str, *, host: str, credentials: Path, results: Path) -> int:
    """Run the users of a profile; return locust's exit code, which is 0 even if requests failed.

    `credentials` holds the output of `tracker demo`. The report, the log and the recorded requests
    are written to `results`.
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
                "LOADTEST_CREDENTIALS": str(credentials),
                "LOADTEST_RESULTS": str(results),
                "PYTHONPATH": str(_HERE.parent),
            },
            stdout=log,
            stderr=log,
            check=False,
        ).returncode
