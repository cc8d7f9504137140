"""The topic of checkpoints, with a real broker and a read by kafka-python alone."""

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


def test_every_checkpoint_is_published_in_order_and_the_last_is_known_again(
    connection: KafkaConnection, names: TopicNames
) -> None:
    place = KafkaCheckpoints(connection, names)
    assert place.last() is None
    for size in (3, 7, 12):
        place.publish(note(size))
        assert place.last() == Note.parse(note(size))
    found = records(connection.servers, names.checkpoints)
    assert [record.value.decode() for record in found] == [note(3), note(7), note(12)]


def test_a_kafka_that_is_not_there_is_silent(names: TopicNames) -> None:
    place = KafkaCheckpoints(KafkaConnection(f"127.0.0.1:{free_ports(1)[0]}"), names)
    with pytest.raises(SilentPublisherError):
        place.last()
    with pytest.raises(SilentPublisherError):
        place.publish(note(3))


def test_a_topic_that_is_missing_is_silence(connection: KafkaConnection) -> None:
    with pytest.raises(SilentPublisherError):
        KafkaCheckpoints(connection, TopicNames("never-made")).last()
