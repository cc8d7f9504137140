"""Every file that the program makes is private, whatever the umask is."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_import_log import LOG, MAPPING
from tests.serving import PATIENCE_S, ROOT, environment, serving
from tests.system.start.starting import copy, query, umask

pytestmark = [pytest.mark.system]


@pytest.fixture(autouse=True)
def _everybody_may_read() -> Iterator[None]:
    with umask(0):
        yield


def run(directory: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tracker", *args],
        cwd=ROOT,
        env=environment(directory / "var"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modes(directory: Path) -> dict[str, int]:
    """Return what the group and others may do with each file and directory under this one."""
    return {
        str(path.relative_to(directory)): stat.S_IMODE(path.lstat().st_mode) & 0o077
        for path in directory.rglob("*")
    }


def test_no_file_may_be_read_by_others(tmp_path: Path) -> None:
    made = run(tmp_path, "demo", "--dossiers", "20")
    code = (
        next(line for line in made.splitlines() if line.startswith("Codes")).split()[3].strip(",")
    )
    run(tmp_path, "log", "checkpoint")
    run(tmp_path, "receipt", code)
    run(tmp_path, "rebuild")
    forms = [word for form in ("ndjson", "csv", "xes", "ocel") for word in ("--format", form)]
    run(tmp_path, "export", str(tmp_path / "out"), *forms, "--open", "--reason", "a test")
    run(tmp_path, "verify", "--keep", str(tmp_path / "kept"))
    key = run(tmp_path, "keys", "make", "--role", "staff", "--actor", "c", "--office", "CN05")
    with serving(
        tmp_path / "var", TRACKER_LOG_CHECKPOINT_FILE=str(tmp_path / "checkpoints")
    ) as service:
        assert service.take_in(key.strip(), "s-1") == 201
        service.wait_until_read()
        while_running = modes(tmp_path)
    found = while_running | modes(tmp_path)
    assert {"var", "var/events.db-wal", "var/views.db-shm", "var/log.key.pub", "kept"} <= {*found}
    assert len(found) > 20
    assert {name: oct(mode) for name, mode in found.items() if mode} == {}


def test_what_an_import_rejects_is_private(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAPPING)
    (tmp_path / "log.csv").write_text(f"{LOG}5,sometime,,,,,,,,\n")
    for name in ("map.toml", "log.csv"):
        (tmp_path / name).chmod(0o600)
    files = [str(tmp_path / name) for name in ("log.csv", "map.toml", "rejects.csv")]
    run(tmp_path, "import", files[0], "--mapping", files[1], "--rejects", files[2])
    assert "sometime" in Path(files[2]).read_text()
    assert {name: oct(mode) for name, mode in modes(tmp_path).items() if mode} == {}


def test_files_of_an_earlier_version_become_private(made_demo: Path, tmp_path: Path) -> None:
    data_dir = copy(made_demo, tmp_path / "var")
    data_dir.chmod(0o755)
    for path in data_dir.iterdir():
        path.chmod(0o644)
    query(data_dir / "events.db", "PRAGMA user_version = 0")
    run(tmp_path, "keys", "list")
    wide = {name for name, mode in modes(tmp_path).items() if mode}
    assert wide <= {"var/log.key.pub"}
    assert os.access(data_dir / "events.db", os.W_OK)
