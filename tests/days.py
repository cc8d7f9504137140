"""Run the fast tests with the clock of every process shifted: `make test-days`.

`python -m tests.days` runs them at each moment below; names of moments choose some of them, and
what follows `--` goes to pytest. libfaketime shifts the clock by a number of seconds, in the tests
and in each process they start. Monotonic clocks stay, so waiting works as ever.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from libfaketime import get_reload_information

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
MOMENTS = {
    "new-years-eve": (datetime(2026, 12, 31, 23, 50, tzinfo=HANOI), "UTC"),
    "new-year": (datetime(2027, 1, 1, 0, 1, tzinfo=HANOI), "America/Los_Angeles"),
    "tet": (datetime(2027, 2, 8, 10, 0, tzinfo=HANOI), "Asia/Ho_Chi_Minh"),
    "term-ends": (datetime(2027, 5, 31, 23, 58, tzinfo=HANOI), "Asia/Ho_Chi_Minh"),
    "leap-day": (datetime(2028, 2, 29, 12, 0, tzinfo=HANOI), "Pacific/Kiritimati"),
}
"""When it is in Hanoi, and the time zone of the machine. Terms of the sample collaborators end and
begin at midnight two minutes after `term-ends`."""

FAST = ("-n", "2", "--dist", "worksteal", "-m", "not system")


def main(arguments: Sequence[str]) -> int:
    """Return 0 if the tests pass at each moment."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    chosen, options = arguments[:split] or list(MOMENTS), arguments[split + 1 :] or FAST
    unknown = [name for name in chosen if name not in MOMENTS]
    if unknown:
        sys.stderr.write(f"There is no moment {', '.join(unknown)}. Use {', '.join(MOMENTS)}.\n")
        return 2
    failed = [name for name in chosen if not _passes(name, options)]
    if failed:
        sys.stderr.write(f"Tests failed at: {', '.join(failed)}\n")
    return 1 if failed else 0


def _passes(name: str, options: Sequence[str]) -> bool:
    moment, zone = MOMENTS[name]
    sys.stdout.write(f"\n{name}: {moment:%A %d %B %Y %H:%M} in Hanoi, the machine in {zone}\n")
    sys.stdout.flush()
    # pytest deletes directories that look old, so a shifted run keeps away from those of others.
    with tempfile.TemporaryDirectory(prefix="tracker-days-") as base:
        command = [sys.executable, "-m", "pytest", "-q", f"--basetemp={base}/tests", *options]
        return subprocess.run(command, env=shifted(moment, zone), check=False).returncode == 0


def shifted(moment: datetime, zone: str) -> dict[str, str]:
    """Return an environment whose processes take this moment for the present."""
    _, library = get_reload_information()
    seconds = round(moment.timestamp() - time.time())
    kept = {name: value for name, value in library.items() if name != "FAKETIME_NO_CACHE"}
    return (
        os.environ
        | kept
        | {
            "FAKETIME": f"{seconds:+d}",
            "FAKETIME_CACHE_DURATION": "86400",  # tests change the environment for a while
            "NO_FAKE_STAT": "1",
            "TZ": zone,
        }
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
