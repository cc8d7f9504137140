"""Each contract is checked against SQLite and PostgreSQL.

Only the PostgreSQL half of a test has the marker `system`. Another database is one more parameter.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine

from tests.contract.makers import Fed, Opens, open_recorder
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.domain.dossier.events.event import Event
from tracker.serialization import to_stored


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def store_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty store; on PostgreSQL all tables exist already."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'store.db'}"
    return str(request.getfixturevalue("database"))


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    opened = open_engine(store_url)
    yield opened
    opened.dispose()


@pytest.fixture
def opens(store_url: str) -> Iterator[Opens]:
    with ExitStack() as stack:
        yield lambda: open_recorder(library_variables(store_url), stack)


@pytest.fixture
def fed(opens: Opens) -> Fed:
    recorder = opens()
    feed = StoreFeed(recorder)

    def publish(events: list[Event]) -> None:
        recorder.insert_events([to_stored(event) for event in events])
        feed.wake()

    return Fed(feed, publish)
