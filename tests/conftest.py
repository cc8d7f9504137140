import gc
from collections.abc import Iterator
from functools import cache

import pytest

from tracker import bootstrap
from tracker.adapters.http.pages import rendering
from tracker.cli import rebuild

pytest_plugins = ["tests.servers"]
_COLLECT_AFTER = 20_000
"""So many more objects made than let go of, instead of 700."""


def pytest_collection_finish() -> None:
    """Look for garbage seldom: what was loaded for thousands of tests is none, and is large."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Read the files that never change once a process, and not for each of 2,000 installations."""
    network, calendar = bootstrap.load_service_data, bootstrap.load_calendar
    ours = bootstrap.Settings.model_fields["service_data"].default
    of_ours = cache(network), cache(calendar)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            bootstrap,
            "load_service_data",
            lambda path: of_ours[0](path) if path == ours else network(path),
        )
        patched.setattr(
            bootstrap,
            "load_calendar",
            lambda path: of_ours[1](path) if path == ours else calendar(path),
        )
        patched.setattr(rendering, "read_catalogue", cache(rendering.read_catalogue))
        yield


@pytest.fixture(autouse=True)
def rebuilds_wait_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop old tables at once: in a rebuild that a test runs in its own process nobody reads."""
    monkeypatch.setattr(rebuild, "_READERS_DONE_WITHIN_S", 0)
