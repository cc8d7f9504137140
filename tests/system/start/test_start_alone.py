"""One service for each SQLite database; other commands may run at the same time."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving import ROOT, serving
from tests.system.start.starting import copy, refusal, run, working

pytestmark = [pytest.mark.system]


@pytest.fixture
def data_dir(made_demo: Path, tmp_path: Path) -> Path:
    return copy(made_demo, tmp_path / "var")


def same(data_dir: Path, _: Path) -> tuple[Path, dict[str, str]]:
    return data_dir, {}


def by_a_link(data_dir: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    (tmp_path / "link").symlink_to(data_dir)
    return tmp_path / "link", {}


def relative(data_dir: Path, _: Path) -> tuple[Path, dict[str, str]]:
    return Path(os.path.relpath(data_dir, ROOT)), {}


def another_directory(data_dir: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    return copy(data_dir, tmp_path / "other"), {
        "TRACKER_STORE_URL": f"sqlite:///{data_dir / '..' / data_dir.name / 'events.db'}"
    }


def the_same_read_models(data_dir: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    return copy(data_dir, tmp_path / "other"), {
        "TRACKER_VIEWS_URL": f"sqlite:///{data_dir / 'views.db'}"
    }


WAYS = (same, by_a_link, relative, another_directory, the_same_read_models)


def test_a_second_service_on_the_same_files_is_refused_and_others_are_not(
    data_dir: Path, tmp_path: Path
) -> None:
    with serving(data_dir) as service:
        for number, way in enumerate(WAYS):
            place = tmp_path / str(number)
            place.mkdir()
            where, settings = way(data_dir, place)
            error_text = refusal(where, "serve", **settings)
            assert f"(process {service.process.pid})" in error_text
            assert "Stop it first" in error_text
        key = run(data_dir, "keys", "make", "--role", "staff", "--actor", "c", "--office", "CN05")
        assert key.returncode == 0
        assert service.take_in(key.stdout.strip(), "s-1") == 201
        service.wait_until_read()
        assert run(data_dir, "figures").returncode == 0
        os.kill(service.sidecar(), signal.SIGKILL)
        assert service.take_in(key.stdout.strip(), "s-2") == 201
        service.wait_until_read()


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_the_lock_ends_with_the_process(data_dir: Path, end: str) -> None:
    with serving(data_dir) as service:
        finish: Callable[[], None] = getattr(service.process, end)
        finish()
        service.ended()
    with serving(data_dir) as service:
        assert service.get("/livez")[0] == 200


def test_a_role_runs_once_for_each_sqlite_database(
    kafka: str, data_dir: Path, tmp_path: Path
) -> None:
    settings = {
        "TRACKER_KAFKA_SERVERS": kafka,
        "TRACKER_KAFKA_TOPIC_PREFIX": f"alone-{tmp_path.name}",
    }
    assert run(data_dir, "topics", **settings).returncode == 0
    with serving(data_dir, **settings), working(data_dir, "inbox,log", settings):
        error_text = refusal(data_dir, "work", "--only", "relay,log", **settings)
        assert "events.db.log.lock" in error_text
        assert "Stop it first" in error_text
