"""The contract of every feed, applied to Kafka."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.makers import Fed
from tests.contract.test_feed import *  # noqa: F403  the same cases
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.ports import DossierRecorder
from tracker.domain.dossier.events.event import Event
from tracker.serialization import to_stored

pytestmark = pytest.mark.system


@pytest.fixture(params=["alone", "in a group"])
def fed(
    request: pytest.FixtureRequest,
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    tmp_path: Path,
) -> Iterator[Fed]:
    group = f"{names.prefix}-group" if request.param == "in a group" else None
    feed = KafkaFeed(connection, names, group=group)

    def publish(events: list[Event]) -> None:
        store.insert_events([to_stored(event) for event in events])
        publish_all(store, connection, names)
        feed.wake()

    with closing(feed):
        while not feed.partitions():
            feed.wait(1)
        yield Fed(feed, publish)
