"""The contract of every feed, held against the event store on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.contract.makers import Fed, open_recorder
from tests.contract.test_feed import *  # noqa: F403  the very same cases
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.domain.dossier.events.event import Event
from tracker.serialization import to_stored

pytestmark = pytest.mark.system


@pytest.fixture  # type: ignore[no-redef]
def fed(database: str) -> Iterator[Fed]:
    with ExitStack() as stack:
        recorder = open_recorder(library_variables(database), stack)
        feed = StoreFeed(recorder)

        def publish(events: list[Event]) -> None:
            recorder.insert_events([to_stored(event) for event in events])
            feed.wake()

        yield Fed(feed, publish)
