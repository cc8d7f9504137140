"""A store rebuilt from Kafka alone is the one that was lost."""

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


def with_gaps(store: DossierRecorder) -> None:
    """Store events as a database does whose transactions are rolled back now and then."""
    events = list(histories(60, 5))
    append(store, events[:130])
    next_one = to_stored(events[130])
    late = Notification(**vars(next_one), id=140)
    store.restore_events([late], [])
    append(store, events[131:])


def test_the_store_comes_back_bit_for_bit_gaps_included(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    empty: SQLiteDossierRecorder,
) -> None:
    with_gaps(store)
    publish_all(store, connection, names)
    counts: list[int] = []
    assert restore(connection, names, empty, counts.append) == 300
    assert counts == [300]
    lost = cast("SQLiteDossierRecorder", store)
    assert rows(empty, EVENTS) == rows(lost, EVENTS)
    assert {row[0] for row in rows(empty, EVENTS)} == {*range(1, 131), *range(140, 309 + 1)}


def test_every_request_comes_back_but_for_what_was_said_in_it(
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


def test_the_relay_goes_on_with_the_restored_store(
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


def test_a_store_that_holds_events_is_left_alone(
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
    """Write to the topic as no relay ever would."""
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
    lost = [b"1" in dict(one.headers)["originator_version"] for one in records].index(False)
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


def test_a_record_of_somebody_else_is_found(
    connection: KafkaConnection, names: TopicNames, empty: SQLiteDossierRecorder
) -> None:
    force(connection, names, [Outgoing(names.events, UUID(int=1).hex.encode(), b"{}", [])])
    assert "lacks leaf_hash" in fault(connection, names, empty)
