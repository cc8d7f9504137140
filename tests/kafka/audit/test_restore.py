"""A store that is rebuilt from Kafka alone equals the lost store."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from eventsourcing.persistence import Notification
from msgspec import structs

from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import publish_all, running, until
from tracker.adapters.kafka.audit.restore import (
    BrokenTopicError,
    StoreNotEmptyError,
    restore,
)
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay_position import RelayPosition, as_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.adapters.sql.event_store.sqlite_store import SQLiteDossierRecorder
from tracker.application.ports import UNKNOWN_DIGEST, DossierRecorder
from tracker.serialization import to_stored

pytestmark = pytest.mark.system

EVENTS = "SELECT * FROM stored_events ORDER BY rowid"
REQUESTS = "SELECT source, event_id, code, version, position FROM requests ORDER BY 1, 2"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SQLiteDossierRecorder]:
    with sqlite_store(tmp_path / "empty.db") as store:
        yield cast("SQLiteDossierRecorder", store)


def rows(recorder: SQLiteDossierRecorder, query: str) -> list[tuple[object, ...]]:
    with recorder.datastore.transaction(commit=False) as c:
        c.execute(query)
        return [tuple(row) for row in c.fetchall()]


def append_with_gaps(store: DossierRecorder) -> None:
    """Store events with gaps in the positions, as rolled-back transactions leave them."""
    events = list(histories(60, 5))
    append(store, events[:130])
    late = Notification(**vars(to_stored(events[130])), id=140)
    store.restore_events([late], [])
    append(store, events[131:])


def test_the_store_is_restored_exactly_with_its_gaps(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    append_with_gaps(store)
    publish_all(store, connection, names)
    counts: list[int] = []
    assert restore(connection, names, empty, counts.append) == 300
    assert counts == [300]
    lost = cast("SQLiteDossierRecorder", store)
    assert rows(empty, EVENTS) == rows(lost, EVENTS)
    assert {row[0] for row in rows(empty, EVENTS)} == {*range(1, 131), *range(140, 309 + 1)}


def test_every_request_is_restored_without_its_digest(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    append(store, histories(50))
    publish_all(store, connection, names)
    restore(connection, names, empty)
    assert rows(empty, REQUESTS) == rows(cast("SQLiteDossierRecorder", store), REQUESTS)
    assert set(rows(empty, "SELECT digest FROM requests")) == {(UNKNOWN_DIGEST,)}


def test_the_relay_continues_with_the_restored_store(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    append(store, histories(20))
    publish_all(store, connection, names)
    restore(connection, names, empty)
    head = append(empty, histories(5, first=100))
    with running(empty, connection, names) as relay:
        until(lambda: relay.has_published(head))
    assert head == 100


def test_a_store_that_holds_events_is_not_changed(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(1))
    with pytest.raises(StoreNotEmptyError):
        restore(connection, names, store)


def test_an_empty_topic_gives_an_empty_store(
    connection: KafkaConnection, names: TopicNames, empty: SQLiteDossierRecorder
) -> None:
    assert restore(connection, names, empty) == 0


def published(names: TopicNames, store: DossierRecorder) -> list[Outgoing]:
    append(store, histories(8))
    return [outgoing(names.events, event) for event in store.select_notifications(0, 100)]


def force(connection: KafkaConnection, names: TopicNames, records: list[Outgoing]) -> None:
    """Write records that a relay would never write."""
    mark = as_record(names, RelayPosition(32, "forger", "x"))
    with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
        kafka.commit([*records, mark])


def fault(connection: KafkaConnection, names: TopicNames, empty: SQLiteDossierRecorder) -> str:
    with pytest.raises(BrokenTopicError) as raised:
        restore(connection, names, empty)
    return str(raised.value)


def test_a_missing_event_is_found(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    records = published(names, store)
    lost = [b"1" in dict(record.headers)["originator_version"] for record in records].index(False)
    force(connection, names, records[:lost] + records[lost + 1 :])
    assert "missing or occurs twice" in fault(connection, names, empty)


def test_a_missing_end_is_found(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    force(connection, names, published(names, store)[:-1])
    assert "published up to 32, but the last event in Kafka is 31" in fault(
        connection, names, empty
    )


def test_a_changed_byte_is_found(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    records = published(names, store)
    records[3] = structs.replace(records[3], value=b" " + (records[3].value or b""))
    force(connection, names, records)
    assert "do not match its leaf_hash" in fault(connection, names, empty)


def test_a_record_of_another_program_is_found(
    connection: KafkaConnection, names: TopicNames, empty: SQLiteDossierRecorder
) -> None:
    force(connection, names, [Outgoing(names.events, UUID(int=1).hex.encode(), b"{}", [])])
    assert "lacks leaf_hash" in fault(connection, names, empty)
