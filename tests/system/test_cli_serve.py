"""`tracker serve` as a real process: it answers, stops on a signal, and exits if a part fails."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.serving import (
    PATIENCE_S,
    ROOT,
    Service,
    environment,
    serving,
    tracker,
    tracker_apart,
)

pytestmark = [pytest.mark.system]


def plant_a_broken_event(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "events.db", timeout=PATIENCE_S)) as connection:
        connection.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (?, 1, 'dossier.from_the_future.v9', '{}')",
            ("0" * 32,),
        )
        connection.commit()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("demo") / "var"
    result = tracker_apart(data_dir, "demo", "--dossiers", "40")
    assert (result.returncode, "Traceback" in result.stderr) == (0, False)
    return data_dir


@pytest.fixture
def data_dir(demo: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo, tmp_path / "var")
    return tmp_path / "var"


@pytest.fixture
def key(data_dir: Path) -> str:
    words = ("--role", "staff", "--actor", "c-1", "--office", "CN05")
    return tracker(data_dir, "keys", "make", *words).stdout.strip()


@pytest.fixture(scope="module")
def service(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests that leave it as it is."""
    data_dir = tmp_path_factory.mktemp("served") / "var"
    shutil.copytree(demo, data_dir)
    with serving(data_dir) as begun:
        yield begun


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_ends_with_0_when_told_to_stop(signal_: int, data_dir: Path) -> None:
    with serving(data_dir) as service:
        assert service.get("/livez")[0] == 200
        service.process.send_signal(signal_)
        code, err = service.ended()
    assert (code, "Traceback" in err) == (0, False)


def test_what_it_says_of_where_to_look_is_true(service: Service) -> None:
    assert service.process.stdout
    named = [service.process.stdout.readline().split()[-1] for _ in range(4)]
    paths = [address.removeprefix(service.address) for address in named]
    asks_for_a_key = {path: service.get(path)[0] for path in paths}
    assert asks_for_a_key == {"/": 200, "/desk": 401, "/docs": 200, "/metrics": 200}


def test_the_page_shows_sample_codes_of_the_demo(demo: Path, service: Service) -> None:
    with closing(sqlite3.connect(demo / "views.db")) as connection:
        codes = [code for (code,) in connection.execute("SELECT code FROM status_1")]
    page = service.get("/")[1]
    assert any(code in page for code in codes)


def test_what_is_taken_in_is_in_the_figures_and_survives_the_stop(data_dir: Path, key: str) -> None:
    before = json.loads(tracker(data_dir, "figures", "--format", "json").stdout)
    with serving(data_dir) as service:
        assert service.take_in(key, "s-1") == 201
        meanwhile = json.loads(tracker(data_dir, "figures", "--format", "json").stdout)
        service.process.terminate()
        assert service.ended()[0] == 0
    assert meanwhile["total"]["received"] == before["total"]["received"] + 1
    assert tracker(data_dir, "verify").returncode == 0


def test_a_follower_that_dies_takes_the_process_down_with_its_cause(data_dir: Path) -> None:
    with serving(data_dir) as service:
        assert service.get("/livez")[0] == 200
        plant_a_broken_event(data_dir)
        code, err = service.ended()
    assert code == 1
    assert "a task cannot go on" in err
    assert "dossier.from_the_future.v9 cannot be read" in err.splitlines()[-1]


def test_whoever_kills_what_keeps_the_read_models_gets_another_that_goes_on(
    data_dir: Path, key: str
) -> None:
    with serving(data_dir) as service:
        assert service.take_in(key, "s-1") == 201
        service.wait_until_read()
        killed = service.sidecar()
        os.kill(killed, signal.SIGKILL)
        assert service.take_in(key, "s-2") == 201
        service.wait_until_read()
        assert service.sidecar() != killed
        service.process.terminate()
        code, err = service.ended()
    assert (code, "starting it again" in err) == (0, True)
    assert tracker(data_dir, "verify").returncode == 0


def test_what_keeps_the_read_models_does_not_outlive_a_service_that_was_killed(
    data_dir: Path, key: str
) -> None:
    with serving(data_dir) as service:
        assert service.take_in(key, "s-1") == 201
        service.wait_until_read()
        service.process.kill()
        # Its standard error is also that of the other, and ends only with both.
        assert service.ended()[0] == -signal.SIGKILL


def test_it_does_not_start_on_a_broken_event(data_dir: Path) -> None:
    plant_a_broken_event(data_dir)
    result = tracker_apart(data_dir, "serve", "--port", "0")
    assert result.returncode == 1
    assert "dossier.from_the_future.v9 cannot be read" in result.stderr.splitlines()[-1]


def test_a_port_that_is_taken_is_told_in_one_line(data_dir: Path, service: Service) -> None:
    port = service.address.rsplit(":", 1)[1]
    result = tracker_apart(data_dir, "serve", "--port", port)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: Cannot listen on 127.0.0.1, port {port}: ")
    assert result.stderr.count("\n") == 1


def test_read_models_are_rebuilt_and_verified_while_it_serves(data_dir: Path, key: str) -> None:
    with serving(data_dir) as service:
        with subprocess.Popen(
            [sys.executable, "-m", "tracker", "rebuild"],
            cwd=ROOT,
            env=environment(data_dir),
            stdout=subprocess.PIPE,
            text=True,
        ) as rebuild:
            sent = 0
            while rebuild.poll() is None or sent < 20:
                sent += 1
                assert service.take_in(key, f"s-{sent}") == 201
                time.sleep(0.01)
            out, _ = rebuild.communicate(timeout=PATIENCE_S)
        assert (rebuild.returncode, out.count(": equal")) == (0, 5)
        assert tracker(data_dir, "verify").returncode == 0
        assert service.get("/livez")[0] == 200
        service.process.terminate()
        assert service.ended()[0] == 0
    assert tracker(data_dir, "verify").returncode == 0


def test_a_demo_is_made_once_by_real_processes(demo: Path) -> None:
    result = tracker_apart(demo, "demo")
    assert result.returncode == 0
    assert result.stdout.endswith("events already, so nothing was added.\n")


def test_a_reader_that_goes_away_is_no_error(demo: Path) -> None:
    command = f'"{sys.executable}" -m tracker keys list | head -n 1'
    result = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=environment(demo),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in result.stderr
