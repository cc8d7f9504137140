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
    """Return a service whose read models are updated only when a test calls `caught_up`."""
    now = [NOON]
    with (
        open_container(Settings(data_dir=tmp_path), lambda: now[0]) as container,
        TestClient(http_app(container)) as client,
    ):
        keys = {who: container.keys.make(actor, NOON) for who, actor in ACTORS.items()}
        yield Site(container, client, now, keys)


@pytest.fixture
def live(site: Site) -> Iterator[Site]:
    """Return the same service with read models that follow the store."""
    died: list[tuple[str, Exception]] = []
    container = site.installation
    tasks = container.following_tasks(container.follows)
    with supervise(tasks, lambda *failure: died.append(failure)):
        yield site
    assert died == []
