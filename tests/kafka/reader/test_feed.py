"""Properties of the Kafka feed beyond the contract: gaps, ends and an unreachable Kafka."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import Engine

from tests.kafka.histories import append, histories
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.reader.reader import TopicCutError
from tracker.adapters.kafka.records import outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.ports import DossierRecorder
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.feed import Feed
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector

pytestmark = pytest.mark.system


@pytest.fixture
def feed(connection: KafkaConnection, names: TopicNames) -> Iterator[KafkaFeed]:
    with closing(KafkaFeed(connection, names)) as feed:
        yield feed


def read_to_the_end(feed: Feed) -> dict[str, list[int]]:
    read_positions: dict[str, list[int]] = {}
    for partition in feed.partitions():
        positions = read_positions.setdefault(partition, [])
        while read := feed.read(partition, after=positions[-1] if positions else 0, limit=7):
            positions += [record.position for record in read]
    return read_positions


def test_gaps_at_the_ends_of_transactions_are_skipped(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, feed: KafkaFeed
) -> None:
    append(store, histories(10))
    with Transactions(connection, "test-gaps", limit_s=5) as kafka:
        for event in store.select_notifications(0, 100):
            kafka.commit([outgoing(names.events, event)])
    by_partition = read_to_the_end(feed)
    assert sum(len(positions) for positions in by_partition.values()) == 40
    assert any(positions and positions[-1] > len(positions) for positions in by_partition.values())


def test_uncommitted_events_are_never_returned(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, feed: KafkaFeed
) -> None:
    append(store, histories(10))
    events = [outgoing(names.events, event) for event in store.select_notifications(0, 100)]
    with Transactions(connection, "test-open", limit_s=5) as kafka:
        kafka.commit(events[:5])
        kafka._send(events[5:], monotonic() + 5)
        count = sum(len(positions) for positions in read_to_the_end(feed).values())
        assert count == 5
        with Transactions(connection, "test-open", limit_s=5):
            pass
        feed.wake()
        count = sum(len(positions) for positions in read_to_the_end(feed).values())
        assert count == 5


def test_heads_are_never_behind_the_last_event(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, feed: KafkaFeed
) -> None:
    assert set(feed.heads().values()) == {0}
    append(store, histories(20))
    publish_all(store, connection, names)
    heads = feed.heads()
    for partition, positions in read_to_the_end(feed).items():
        assert positions[-1] <= heads[partition] <= positions[-1] + 2


def test_an_unreachable_kafka_gives_no_events() -> None:
    with closing(KafkaFeed(KafkaConnection("127.0.0.1:1"), TopicNames("nothing"))) as feed:
        assert feed.partitions() == ()
        assert feed.read("nothing:0", after=0, limit=1) == ()


def test_a_topic_that_ends_before_the_read_position_raises_an_error(feed: KafkaFeed) -> None:
    with pytest.raises(TopicCutError):
        feed.read(feed.partitions()[0], after=1, limit=1)


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    first, second = (open_engine(f"sqlite:///{tmp_path / name}.db") for name in ("one", "other"))
    yield first, second
    first.dispose()
    second.dispose()


@pytest.mark.parametrize("kind", [StatusProjection, TimelineProjection, PromisesProjection])
def test_read_models_built_from_kafka_and_from_the_store_are_equal(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    engines: tuple[Engine, Engine],
    kind: type[Projection],
) -> None:
    append(store, histories(150, 6))
    publish_all(store, connection, names)
    from_store, from_kafka = (SqlReadModel(engine, kind()) for engine in engines)
    from_store.create()
    from_kafka.create()
    assert Projector(kind(), StoreFeed(store), from_store).catch_up() == 900
    with closing(KafkaFeed(connection, names)) as feed:
        assert Projector(kind(), feed, from_kafka).catch_up() == 900
    assert from_store.digest() == from_kafka.digest()
