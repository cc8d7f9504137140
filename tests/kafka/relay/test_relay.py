"""The relay publishes each event once, in order, unchanged, and stops if it cannot ensure this."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from ops.reading_back import headers, records
from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import FaultyStore, Running, publish_all, running, until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import outgoing
from tracker.adapters.kafka.relay_position import KafkaAheadError, PositionUnsureError
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.application.ports import DossierRecorder
from tracker.domain.transparency_log.leaves import leaf_hash

pytestmark = pytest.mark.system


def versions(published: list[Any]) -> dict[str, list[int]]:
    """Return the versions of each dossier in their order in Kafka."""
    numbers: dict[str, list[int]] = {}
    for record in published:
        version = int(headers(record)["originator_version"])
        numbers.setdefault(record.key.decode(), []).append(version)
    return numbers


def check(connection: KafkaConnection, names: TopicNames, store: DossierRecorder) -> None:
    """Check that Kafka holds the events of the store: each once, in order, with the same bytes."""
    published = records(connection.servers, names.events)
    stored = {event.id: event for event in store.select_notifications(0, 1_000_000)}
    assert {int(headers(record)["notification_id"]) for record in published} == set(stored)
    assert len(published) == len(stored)
    for numbers in versions(published).values():
        assert numbers == list(range(1, len(numbers) + 1))
    partitions: dict[bytes, int] = {}
    for record in published:
        event = stored[int(headers(record)["notification_id"])]
        assert record.value == event.state
        assert record.key.decode() == event.originator_id.hex  # type: ignore[union-attr]
        assert partitions.setdefault(record.key, record.partition) == record.partition
    last = json.loads(records(connection.servers, names.relay_positions)[-1].value)
    assert last["position"] == (store.max_notification_id() or 0)


def test_every_event_is_published_once_in_order_with_its_bytes(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(60))
    publish_all(store, connection, names)
    check(connection, names, store)


def test_the_headers_describe_the_event(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    [event] = islice(histories(1), 1)
    append(store, [event])
    publish_all(store, connection, names)
    [record] = records(connection.servers, names.events)
    assert headers(record) == {
        "event_id": event.event_id,
        "topic": "dossier.received.v1",
        "originator_version": "1",
        "notification_id": "1",
        "recorded_at": "2026-11-13T15:46:40Z",
        "leaf_hash": leaf_hash(headers(record)["topic"], record.value).hex(),
    }


def test_events_stored_later_are_published_and_the_lag_is_reported(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    with running(store, connection, names) as relay:
        for first in range(1, 60, 10):
            head = append(store, histories(10, first=first))
            relay.relay.wake()
            until(lambda head=head: relay.has_published(head))  # type: ignore[misc]
            assert relay.states[-1].lag == 0
    check(connection, names, store)


def test_a_relay_killed_before_its_commit_leaves_nothing_and_its_successor_publishes_all(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(30))
    publish_all(store, connection, names)
    before = len(records(connection.servers, names.events))
    append(store, histories(30, first=100))
    with Transactions(connection, names.events, limit_s=5) as killed:
        late = store.select_notifications(before + 1, 60)
        killed._send([outgoing(names.events, event) for event in late], monotonic() + 5)
        publish_all(store, connection, names)
    check(connection, names, store)


def test_uncommitted_events_are_never_visible(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(5))
    with Transactions(connection, names.events, limit_s=5) as killed:
        events = store.select_notifications(0, 3)
        killed._send([outgoing(names.events, event) for event in events], monotonic() + 5)
        assert records(connection.servers, names.events) == []
        assert records(connection.servers, names.relay_positions) == []


def test_an_event_that_kafka_rejects_does_not_change_the_position(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    head = append(store, histories(5))
    publish_all(store, connection, names)
    text = {"event_id": "x", "recorded_at": "2026-11-20T05:00:00Z", "much": "x" * 2_000_000}
    store.insert_events([StoredEvent(uuid4(), 1, "x.v1", json.dumps(text).encode())])
    with running(store, connection, names) as relay:
        until(lambda: relay.is_in("in_trouble"))
        assert relay.states[-1].lag == 1
    last = json.loads(records(connection.servers, names.relay_positions)[-1].value)
    assert last["position"] == head


@pytest.fixture
def older(tmp_path: Path) -> Iterator[DossierRecorder]:
    with sqlite_store(tmp_path / "older.db") as store:
        yield store


def ends_with(relay: Running, error: type[Exception]) -> str:
    until(relay.ended)
    assert isinstance(relay.error, error)
    return str(relay.error)


def test_an_old_backup_is_not_published_over_newer_events(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, older: DossierRecorder
) -> None:
    append(store, histories(20))
    append(older, islice(histories(20), 30))
    publish_all(store, connection, names)
    with running(older, connection, names) as relay:
        fault = ends_with(relay, KafkaAheadError)
        assert "event 80, but this event store has no event at that position" in fault
    check(connection, names, store)


def test_an_old_backup_with_new_events_is_detected(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, older: DossierRecorder
) -> None:
    append(store, histories(20))
    append(older, islice(histories(20), 30))
    append(older, histories(40, first=500))
    publish_all(store, connection, names)
    with running(older, connection, names) as relay:
        assert "has another event at that position" in ends_with(relay, KafkaAheadError)
    check(connection, names, store)


def test_a_store_that_loses_its_newest_events_is_detected(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    head = append(store, histories(5))
    faulty = FaultyStore(store)
    with running(faulty, connection, names) as relay:
        until(lambda: relay.has_published(head))
        faulty.head = head - 1
        ends_with(relay, KafkaAheadError)


def test_a_lost_position_is_not_guessed(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(5))
    with Transactions(connection, "somebody-else", limit_s=5) as foreign:
        foreign.commit([outgoing(names.events, store.select_notifications(1, 1)[0])])
    with running(store, connection, names) as relay:
        assert "says 0, but the newest event" in ends_with(relay, PositionUnsureError)
    assert len(records(connection.servers, names.events)) == 1


def test_the_relay_waits_for_a_database_that_does_not_answer(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(30))
    faulty = FaultyStore(store)
    faulty.error = OperationalError()
    with running(faulty, connection, names) as relay:
        until(lambda: bool(records(connection.servers, names.relay_positions)) or relay.ended())
        assert not relay.ended()
        faulty.error = None
        until(lambda: relay.has_published(120))
    check(connection, names, store)


def test_the_relay_waits_for_an_unreachable_kafka_and_reports_the_lag(
    store: DossierRecorder, names: TopicNames
) -> None:
    head = append(store, histories(5))
    nowhere = KafkaConnection("127.0.0.1:1")
    with running(store, nowhere, names) as relay:
        until(lambda: relay.is_in("in_trouble"))
        state = relay.states[-1]
        assert (state.position, state.lag) == (0, head)
        assert state.oldest_waiting_s > 0
