"""One demo installation for all tests of this directory that start from one."""

from pathlib import Path

import pytest

from tests.serving import tracker_apart


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("demo") / "var"
    made = tracker_apart(data_dir, "demo", "--dossiers", "60")
    assert made.returncode == 0, made.stderr
    signed = tracker_apart(data_dir, "log", "checkpoint")
    assert signed.returncode == 0, signed.stderr
    return data_dir
