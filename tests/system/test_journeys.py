"""Every journey of the load tests gets through, on a small service of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.crowd.service import embedded_service
from loadtests.locust_process import LOG, run_locust
from loadtests.profile import PROFILES
from loadtests.results.objectives import by_journey, faults_by_name
from loadtests.results.recorder import RecordedCommands, read_learnt, read_requests

pytestmark = [pytest.mark.slow, pytest.mark.system]
JOURNEYS = sorted(path.stem for path in (PROFILES.parent / "journeys").glob("*.py"))
SECONDS = 9


def profile(path: Path) -> Path:
    """All journeys at once; so many officers that parcels are on their way before the end."""
    often = {"officer": 6, "branch_clerk": 4}
    lines = ["what = 'Everybody.'", f"steps = [{{ seconds = {SECONDS}, level = 1 }}]"]
    for one in JOURNEYS:
        lines += [f"[journeys.{one}]", f"people = {often.get(one, 1)}", "every_s = 1"]
    path.write_text("\n".join(lines))
    return path


def demo(directory: Path) -> Path:
    said = subprocess.run(
        [sys.executable, "-m", "tracker", "demo", "--dossiers", "20"],
        env={**os.environ, "TRACKER_DATA_DIR": str(directory / "data")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    credentials = directory / "credentials.txt"
    credentials.write_text(said)
    return credentials


def test_every_journey_is_made_and_none_finds_fault(tmp_path: Path) -> None:
    credentials, results = demo(tmp_path), tmp_path / "results"
    with embedded_service(tmp_path) as service:
        code = run_locust(
            str(profile(tmp_path / "everybody.toml")),
            host=f"http://{service.host}:{service.port}",
            credentials=credentials,
            results=results,
        )
    assert code == 0, (results / LOG).read_text()
    requests = read_requests(results)
    assert faults_by_name(requests) == {}
    assert sorted(by_journey(requests)) == JOURNEYS
    commands = RecordedCommands.read([results])
    assert len(commands.acknowledged) > 200
    assert (commands.unanswered, commands.faults) == (set(), [])
    learnt = {name for answer in read_learnt(results) for name in answer}
    assert learnt <= {*["code", "status", "promised_at", "on_time", "to_do", "phone", "freshness"]}
    assert (results / "report.html").stat().st_size > 100_000
