import gc
from collections.abc import Iterator
from functools import cache

import pytest

from tracker.adapters.files.calendar import load_calendar
from tracker.adapters.files.service_data import load_service_data
from tracker.cli.recovery import rebuild
from tracker.settings import Settings
from tracker.translations.catalogues import read_catalogue

pytest_plugins = ["tests.servers", "tests.databases"]
_COLLECT_AFTER = 20_000
"""So many more objects made than let go of, instead of 700."""


def pytest_collection_finish() -> None:
    """Run the garbage collector less often: the loaded modules are large and stay."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Read the files that never change once a process, and not for each of 2,000 installations."""
    ours = Settings.model_fields["service_data"].default
    network, calendar = cache(load_service_data), cache(load_calendar)
    by_name = {
        "tracker.bootstrap.load_service_data": (
            lambda path: network(path) if path == ours else load_service_data(path)
        ),
        "tracker.bootstrap.load_calendar": (
            lambda path: calendar(path) if path == ours else load_calendar(path)
        ),
        "tracker.adapters.http.pages.rendering.read_catalogue": cache(read_catalogue),
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, read in by_name.items():
            patched.setattr(name, read, raising=False)
        yield


@pytest.fixture(autouse=True)
def rebuilds_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drop old tables at once: during a rebuild in a test, no other process reads them."""
    monkeypatch.setattr(rebuild, "_READERS_DONE_WITHIN_S", 0, raising=False)
