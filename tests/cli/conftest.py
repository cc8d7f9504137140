"""Run commands in this process, each test on its own installation."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.bootstrap import open_container
from tracker.cli.main import main
from tracker.container import Container
from tracker.demo.filling import SPAN, DemoClock, fill
from tracker.settings import Settings

DOSSIERS = 90
UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC)
"""The end of the demo. It is before the present time at every test run."""


@dataclass(frozen=True)
class Result:
    code: object
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    chosen = tmp_path / "var"
    monkeypatch.setenv("TRACKER_DATA_DIR", str(chosen))
    return chosen


@pytest.fixture
def run(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*args: str) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(args)
        captured = capsys.readouterr()
        return Result(ended.value.code, captured.out, captured.err)

    return run_command


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen = tmp_path_factory.mktemp("demo") / "var"
    clock = DemoClock(UNTIL - SPAN)
    with open_container(Settings(data_dir=chosen), clock) as container:
        fill(container.tracker, container.service, clock, until=UNTIL, dossiers=DOSSIERS, seed=7)
        container.catch_up()
    return chosen


@pytest.fixture
def demo(filled: Path, data_dir: Path) -> Path:
    """An installation with demo dossiers, its read models up to date."""
    shutil.copytree(filled, data_dir)
    return data_dir


@pytest.fixture
def demo_installation(demo: Path) -> Iterator[Container]:
    with open_container(Settings(data_dir=demo)) as container:
        yield container
