"""The checkpoint topic on a real broker, read back with kafka-python only."""

import pytest

from ops.local_servers.ports import free_ports
from ops.reading_back import records
from tracker.adapters.kafka.audit.checkpoints import KafkaCheckpoints
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.domain.transparency_log.notes import Note, Signature

pytestmark = pytest.mark.system


def note(size: int) -> str:
    return str(Note(f"log\n{size}\nroot\n", [Signature("log", b"1234", bytes(64))]))


def test_checkpoints_are_published_in_order_and_the_last_can_be_read(
    connection: KafkaConnection, names: TopicNames
) -> None:
    checkpoints = KafkaCheckpoints(connection, names)
    assert checkpoints.last() is None
    for size in (3, 7, 12):
        checkpoints.publish(note(size))
        assert checkpoints.last() == Note.parse(note(size))
    published = records(connection.servers, names.checkpoints)
    assert [record.value.decode() for record in published] == [note(3), note(7), note(12)]


def test_an_unreachable_kafka_raises_an_error(names: TopicNames) -> None:
    checkpoints = KafkaCheckpoints(KafkaConnection(f"127.0.0.1:{free_ports(1)[0]}"), names)
    with pytest.raises(SilentPublisherError):
        checkpoints.last()
    with pytest.raises(SilentPublisherError):
        checkpoints.publish(note(3))


def test_a_missing_topic_raises_an_error(connection: KafkaConnection) -> None:
    with pytest.raises(SilentPublisherError):
        KafkaCheckpoints(connection, TopicNames("never-made")).last()
