"""Records of a dead session that Kafka's coordinator has lost are never committed later.

A full disk can cause such records: the partition holds them, but the coordinator does not know that
the partition belongs to the transaction. Then no abort ends them, and the next commit of the same
producer id also commits them. In these tests the first of two producers writes such records without
registering the partition, and the brokers do not check the registration.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

import pytest
from eventsourcing.persistence import Notification
from kafka import TopicPartition

from ops.local_servers.kafka import KafkaCluster
from ops.reading_back import headers, records
from tests.kafka.histories import append, histories
from tests.kafka.relaying import Running, publish_all, running, until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay_position import PositionUnsureError
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.adapters.kafka.transactions import Transactions
from tracker.application.ports import DossierRecorder

pytestmark = [pytest.mark.system, pytest.mark.slow]
PARTITIONS = 3


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaConnection]:
    """Return a broker that appends to a transaction without asking its coordinator."""
    settings = {"transaction.partition.verification.enable": "false"}
    with KafkaCluster(tmp_path_factory.mktemp("forgetful"), settings=settings) as cluster:
        yield KafkaConnection(cluster.bootstrap_servers)


@pytest.fixture
def connection(needs_kafka: None, forgetful: KafkaConnection) -> KafkaConnection:
    return forgetful


@pytest.fixture
def names(connection: KafkaConnection) -> TopicNames:
    names = TopicNames(f"test-{uuid4().hex[:12]}")
    create_topics(
        connection, wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)
    )
    return names


@dataclass
class Dead:
    """A session that never ends its transaction and that the coordinator does not know."""

    connection: KafkaConnection
    transactional_id: str
    topic: str

    def send(self, sent: list[Outgoing]) -> None:
        with Transactions(self.connection, self.transactional_id, limit_s=10) as dead:
            producer = dead._open_producer()
            known = producer._transaction_manager._partitions_in_transaction
            producer.begin_transaction()
            known.update(TopicPartition(self.topic, number) for number in range(PARTITIONS))
            futures = [
                producer.send(
                    record.topic, key=record.key, value=record.value, headers=record.headers
                )
                for record in sent
            ]
            producer.flush(timeout=10)
            assert all(future.succeeded() for future in futures)


def positions(connection: KafkaConnection, topic: str) -> list[int]:
    return sorted(
        int(headers(record)["notification_id"]) for record in records(connection.servers, topic)
    )


def as_outgoing(names: TopicNames, events: list[Notification]) -> list[Outgoing]:
    return [outgoing(names.events, event) for event in events]


def test_without_the_abort_the_next_commit_of_the_same_id_commits_them(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    """Reproduce the fault of Kafka: without the abort the records are committed."""
    append(store, histories(10))
    sent = as_outgoing(names, list(store.select_notifications(1, 20)))
    Dead(connection, names.relay, names.events).send(sent)
    with Transactions(connection, names.relay, limit_s=10) as successor:
        successor.commit(sent)
    assert positions(connection, names.events) == sorted([*range(1, 21), *range(1, 21)])


def test_the_relay_aborts_them_before_its_first_commit(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    head = append(store, histories(10))
    publish_all(store, connection, names)
    head = append(store, histories(20, first=100))
    sent = as_outgoing(names, list(store.select_notifications(41, 60)))
    Dead(connection, names.relay, names.events).send(sent)
    publish_all(store, connection, names)
    assert positions(connection, names.events) == list(range(1, head + 1))


def test_a_running_relay_whose_session_broke_aborts_them_too(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(10))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(40))
        Dead(connection, names.relay, names.events).send(
            as_outgoing(names, list(store.select_notifications(20, 20)))
        )
        head = append(store, histories(10, first=100))
        until(lambda: relay.has_published(head))
    assert positions(connection, names.events) == list(range(1, head + 1))


def test_a_transaction_of_another_id_that_stays_open_stops_the_relay(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(10))
    publish_all(store, connection, names)
    sent = as_outgoing(names, list(store.select_notifications(1, 20)))
    Dead(connection, f"{names.relay}-other", names.events).send(sent)
    relay = Running(store, connection, names)
    began = monotonic()
    relay.thread.start()
    until(relay.ended)
    assert isinstance(relay.error, PositionUnsureError)
    assert names.events in str(relay.error)
    assert "transaction" in str(relay.error)
    assert monotonic() - began < 60
    assert positions(connection, names.events) == list(range(1, 41))


def test_the_inbox_aborts_them_in_its_topics(
    connection: KafkaConnection, names: TopicNames
) -> None:
    sent = [Outgoing(names.answers, b"%d" % number, b"late", []) for number in range(30)]
    Dead(connection, "any", names.answers).send(sent)
    with Transactions(connection, "any", limit_s=10) as successor:
        successor.end_leftovers([names.answers])
        successor.commit(
            [Outgoing(names.answers, b"%d" % number, b"a", []) for number in range(30)]
        )
    assert {record.value for record in records(connection.servers, names.answers)} == {b"a"}
