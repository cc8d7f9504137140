"""Transactions are committed completely or not at all."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Signal
from time import monotonic, sleep

import pytest
from kafka.errors import KafkaTimeoutError
from kafka.future import Future

from ops.local_servers.kafka import KafkaCluster
from ops.reading_back import records
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.topics import Topic, TopicNames, create_topics, wanted_topics
from tracker.adapters.kafka.transactions import InDoubtError, Transactions, _finish

pytestmark = pytest.mark.system


def note(topic: str, text: str, key: str = "k") -> Outgoing:
    return Outgoing(topic, key.encode(), text.encode(), [])


def values(connection: KafkaConnection, topic: str) -> list[str]:
    return [record.value.decode() for record in records(connection.servers, topic)]


def transactions(
    connection: KafkaConnection, names: TopicNames, limit_s: float = 5
) -> Transactions:
    return Transactions(connection, names.answers, limit_s=limit_s)


def test_committed_records_can_be_read(connection: KafkaConnection, names: TopicNames) -> None:
    with transactions(connection, names) as mine:
        mine.commit([note(names.answers, "a"), note(names.answers, "b")])
        mine.commit([note(names.answers, "c")])
    assert values(connection, names.answers) == ["a", "b", "c"]


@pytest.mark.slow
def test_a_record_that_the_broker_never_acknowledges_leaves_no_hole(
    needs_kafka: None, server_directory: Path
) -> None:
    with KafkaCluster(server_directory) as cluster:
        connection, names = KafkaConnection(cluster.bootstrap_servers), TopicNames("test")
        create_topics(connection, wanted_topics(names, partitions=1, replication=1, min_insync=1))

        def stopped_halfway() -> Iterator[Outgoing]:
            yield note(names.answers, "a")
            sleep(0.5)
            cluster.pause()
            yield note(names.answers, "b")

        with transactions(connection, names, limit_s=2) as mine:
            began = monotonic()
            with pytest.raises(InDoubtError):
                mine.commit(stopped_halfway())
            assert monotonic() - began < 30
            cluster.resume()
            # kafka-python calls a timeout `retriable` and would now commit the first record
            with transactions(connection, names) as next_one:
                next_one.commit([note(names.answers, "c")])
        assert values(connection, names.answers) == ["c"]


def test_a_record_that_is_too_large_prevents_the_whole_transaction(
    connection: KafkaConnection, names: TopicNames
) -> None:
    small = f"{names.prefix}.small"
    create_topics(connection, [Topic(small, 1, 1, {"max.message.bytes": "2000"})])
    with transactions(connection, names) as mine, pytest.raises(InDoubtError):
        mine.commit([note(names.answers, "a"), note(small, "b" * 5000)])
    with transactions(connection, names) as next_one:
        next_one.commit([note(names.answers, "c")])
    assert values(connection, names.answers) == ["c"]
    assert values(connection, small) == []


class FaultyProducer:
    """A producer whose second record can fail, and whose commits can hang."""

    def __init__(self, *, failing: bool, hanging: bool) -> None:
        self.commits = 0
        self._failing = failing
        self._hanging = hanging
        self._sent = 0
        self.end_commit = Signal()

    def begin_transaction(self) -> None:
        pass

    def send(self, *_: object, **__: object) -> Future:
        self._sent += 1
        future = Future()
        if self._failing and self._sent == 2:
            return future.failure(KafkaTimeoutError())
        return future.success(None)

    def flush(self, timeout: float) -> None:
        pass

    def commit_transaction(self) -> None:
        self.commits += 1
        if self._hanging:
            self.end_commit.wait(60)

    def close(self, timeout: float) -> None:
        pass


def commit_with(producer: FaultyProducer) -> None:
    mine = Transactions(KafkaConnection("nowhere:1"), "mine", limit_s=0.2)
    mine._producer = producer
    mine.commit([note("a", "a"), note("a", "b"), note("a", "c")])


def test_one_failed_record_prevents_the_commit() -> None:
    producer = FaultyProducer(failing=True, hanging=False)
    with pytest.raises(InDoubtError):
        commit_with(producer)
    assert producer.commits == 0


def test_a_hanging_commit_is_abandoned_at_its_deadline() -> None:
    producer = FaultyProducer(failing=False, hanging=True)
    began = monotonic()
    with pytest.raises(InDoubtError):
        commit_with(producer)
    assert monotonic() - began < 30
    producer.end_commit.set()
    commit_with(FaultyProducer(failing=False, hanging=False))


def test_after_a_transaction_in_doubt_nothing_more_is_sent(
    connection: KafkaConnection, names: TopicNames
) -> None:
    with transactions(connection, names) as mine:
        with pytest.raises(InDoubtError):
            mine.commit([note(f"{names.prefix}.nowhere", "a")])
        with pytest.raises(InDoubtError):
            mine.commit([note(names.answers, "b")])
    with transactions(connection, names):
        pass
    assert values(connection, names.answers) == []


def test_a_zombie_that_sent_before_it_was_fenced_cannot_commit_afterwards(
    connection: KafkaConnection, names: TopicNames
) -> None:
    with transactions(connection, names) as zombie:
        zombie._send([note(names.answers, "never")], monotonic() + 5)
        with transactions(connection, names) as successor:
            successor.commit([note(names.answers, "a")])
            with pytest.raises(Exception, match=r"(?i)fenced|epoch|error state"):
                zombie._within(monotonic() + 5, lambda producer: _finish(producer, None))
            successor.commit([note(names.answers, "b")])
    assert values(connection, names.answers) == ["a", "b"]


def test_a_zombie_that_begins_again_does_not_fence_its_successor(
    connection: KafkaConnection, names: TopicNames
) -> None:
    with transactions(connection, names) as zombie:
        zombie.commit([note(names.answers, "a")])
        with transactions(connection, names) as successor:
            with pytest.raises(InDoubtError):
                zombie.commit([note(names.answers, "never")])
            successor.commit([note(names.answers, "b")])
            successor.commit([note(names.answers, "c")])
    assert values(connection, names.answers) == ["a", "b", "c"]
