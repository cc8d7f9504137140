"""`make test-days` shifts the clock of a test and of each process that a test starts."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.days import MOMENTS, main, shifted

ROOT = Path(__file__).parents[1]
TELL = "import time; print(time.time())"
TELL_AND_LET_TELL = f"""
import subprocess, sys, time
from tests.commands import bare_environment
began = time.monotonic()
time.sleep(0.01)
assert 0.01 <= time.monotonic() - began < 300
print(time.time())
subprocess.run([sys.executable, "-c", {TELL!r}], env=bare_environment(), check=True)
"""


@pytest.mark.parametrize("name", ["new-year", "leap-day"])
def test_a_test_and_its_processes_take_the_moment_for_the_present(name: str) -> None:
    moment, zone = MOMENTS[name]
    began = time.monotonic()
    output = subprocess.run(
        [sys.executable, "-u", "-c", TELL_AND_LET_TELL],
        env=shifted(moment, zone),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    most = timedelta(seconds=time.monotonic() - began + 2)
    for line in output.split():
        passed = datetime.fromtimestamp(float(line), UTC) - moment
        assert timedelta(seconds=-2) <= passed <= most
    assert len(output.split()) == 2


def test_the_moments_are_those_at_which_something_turns() -> None:
    days = {moment.date().isoformat() for moment, _ in MOMENTS.values()}
    assert days == {"2026-12-31", "2027-01-01", "2027-02-08", "2027-05-31", "2028-02-29"}
    assert len({zone for _, zone in MOMENTS.values()}) > 1


def test_an_unknown_moment_is_refused_by_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doomsday"]) == 2
    assert "There is no moment doomsday. Use new-years-eve, " in capfd.readouterr().err
