from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.http.site import ACTORS, NOON, Site
from tracker.adapters.http.pages import live as pages_live
from tracker.bootstrap import open_container
from tracker.settings import Settings
from tracker.supervisor import supervise
from tracker.wiring.http import http_app


@pytest.fixture(autouse=True)
def pages_look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let open pages poll for changes every 50 ms instead of every second."""
    monkeypatch.setattr(pages_live, "_POLL_S", 0.05)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A service whose read models are brought up to date only when a test says so."""
    now = [NOON]
    with (
        open_container(Settings(data_dir=tmp_path), lambda: now[0]) as it,
        TestClient(http_app(it)) as client,
    ):
        keys = {who: it.keys.make(actor, NOON) for who, actor in ACTORS.items()}
        yield Site(it, client, now, keys)


@pytest.fixture
def live(site: Site) -> Iterator[Site]:
    """The same, with its read models following."""
    died: list[tuple[str, Exception]] = []
    it = site.installation
    with supervise(it.following_tasks(it.follows), lambda *of: died.append(of)):
        yield site
    assert died == []
