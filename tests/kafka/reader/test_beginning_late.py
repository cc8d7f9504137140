"""The bench's Kafka starts after the archived events, and later events are published once."""

from contextlib import closing
from pathlib import Path

import pytest

from loadtests.bench.scenarios.spikes import begin_at_the_end
from ops.reading_back import headers, records
from tests.kafka.conftest import PARTITIONS
from tests.kafka.histories import append, histories
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.ports import DossierRecorder
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.model.projector import Projector

pytestmark = pytest.mark.system


def test_relay_and_read_models_continue_after_the_events_they_read_from_the_store(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, tmp_path: Path
) -> None:
    head = append(store, histories(20))
    engine = open_engine(f"sqlite:///{tmp_path / 'views.db'}")
    model = SqlReadModel(engine, StatusProjection())
    model.create()
    Projector(StatusProjection(), StoreFeed(store), model).catch_up()

    begin_at_the_end(store, connection, names)
    last = append(store, histories(20, first=100))
    publish_all(store, connection, names)
    with closing(KafkaFeed(connection, names)) as feed:
        Projector(StatusProjection(), feed, model).catch_up()

    published = records(connection.servers, names.events)
    positions = sorted(int(headers(record)["notification_id"]) for record in published)
    before = [position for position in positions if position <= head]
    assert before[-1] == head
    assert len(before) == PARTITIONS
    assert positions[len(before) :] == list(range(head + 1, last + 1))
    green = model.next_generation()
    Projector(StatusProjection(), StoreFeed(store), green).catch_up()
    assert model.digest() == green.digest()
    assert model.store_position() == last
    engine.dispose()
