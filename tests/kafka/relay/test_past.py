"""The store is compared with the events, the position and the epoch in Kafka."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import publish_all, running, until
from tracker.adapters.kafka.audit.store_past import KafkaPast, last_epoch
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.relay_position import (
    KafkaAheadError,
    Notifications,
    RelayPosition,
    as_record,
)
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.application.ports import DossierRecorder
from tracker.application.recovery.store_past import SilentPlaceError

pytestmark = pytest.mark.system


@pytest.fixture
def other(tmp_path: Path) -> Iterator[DossierRecorder]:
    with sqlite_store(tmp_path / "other.db") as store:
        yield store


def kafka_past(
    connection: KafkaConnection, names: TopicNames, store: Notifications, epoch: int = 0
) -> closing[KafkaPast]:
    return closing(KafkaPast(connection, names, store, lambda: epoch))


def test_a_store_that_is_not_behind_kafka_lacks_nothing(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    events = list(histories(40, 3))
    with kafka_past(connection, names, store) as kafka:
        assert kafka.ahead() == ""
        append(store, events[:100])
        publish_all(store, connection, names)
        assert kafka.ahead() == ""
        append(store, events[100:])
        assert kafka.ahead() == ""


def test_a_shorter_store_is_behind(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, other: DossierRecorder
) -> None:
    events = list(histories(40, 3))
    append(store, events)
    publish_all(store, connection, names)
    append(other, events[:50])
    with kafka_past(connection, names, other) as kafka:
        assert re.fullmatch(
            r"Kafka holds event \d+, but the store has no event at that position\.", kafka.ahead()
        )


@pytest.mark.parametrize("longer", [0, 30])
def test_a_store_with_other_events_at_the_same_positions_is_behind(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    other: DossierRecorder,
    longer: int,
) -> None:
    events, others = list(histories(40, 3)), list(histories(60, 4))
    append(store, events)
    publish_all(store, connection, names)
    append(other, others[: len(events) + longer])
    with kafka_past(connection, names, other) as kafka:
        assert "the store has another one at that position" in kafka.ahead()


def test_a_store_of_an_earlier_epoch_is_behind_even_with_every_event(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, list(histories(10, 3)))
    publish_all(store, connection, names)
    head = store.max_notification_id() or 0
    mark = as_record(names, RelayPosition(head, "one", "x", left=True, epoch=2))
    with Transactions(connection, names.events, limit_s=15) as transactions:
        transactions.commit([mark])
    assert last_epoch(connection, names) == 2
    with kafka_past(connection, names, store, epoch=1) as kafka:
        assert "Epoch 2 of the store wrote to Kafka, but this store has epoch 1" in kafka.ahead()
    with kafka_past(connection, names, store, epoch=2) as kafka:
        assert kafka.ahead() == ""
    with running(store, connection, names) as relay:
        until(relay.ended)
    assert isinstance(relay.error, KafkaAheadError)


def test_the_relay_writes_the_epoch_of_its_store(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, list(histories(10, 3)))
    with running(store, connection, names, epoch=4) as relay:
        until(lambda: relay.has_published(store.max_notification_id() or 0))
    assert last_epoch(connection, names) == 4


def test_a_kafka_that_does_not_answer_is_silent(names: TopicNames, store: DossierRecorder) -> None:
    unreachable = KafkaConnection("127.0.0.1:1")
    with kafka_past(unreachable, names, store) as kafka, pytest.raises(SilentPlaceError):
        kafka.ahead()
