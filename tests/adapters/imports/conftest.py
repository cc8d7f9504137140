from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.imports.import_spec import NOW, Logs
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.settings import Settings


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[Container]:
    with open_container(Settings(data_dir=tmp_path / "var"), now=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def logs(tmp_path: Path, tracker: Container) -> Logs:
    return Logs(tmp_path, tracker)
