"""The reader of a topic with a fake consumer."""

from time import monotonic
from typing import Any

from kafka import TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.reader import TopicReader

KEPT, LOST, NEW = (TopicPartition("t", number) for number in range(3))


class SilentConsumer:
    """A consumer without new records, which keeps the duration of each poll in milliseconds."""

    def __init__(self) -> None:
        self.polls: list[int] = []
        self.assigned = [KEPT]

    def assignment(self) -> set[TopicPartition]:
        return set(self.assigned)

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        self.polls.append(timeout_ms)
        return {}


def reader_with(fetched: dict[TopicPartition, list[Any]]) -> tuple[TopicReader, SilentConsumer]:
    topic_reader, consumer = (
        TopicReader(KafkaConnection("nowhere:1"), "t", group="g"),
        SilentConsumer(),
    )
    topic_reader._consumer = consumer
    topic_reader._fetched = fetched
    topic_reader._positions = dict.fromkeys(fetched, 0)
    return topic_reader, consumer


def test_fetched_records_do_not_wait_for_more() -> None:
    topic_reader, consumer = reader_with({KEPT: ["record"]})
    assert topic_reader.partitions() == [KEPT]
    assert consumer.polls == [0]


def test_records_of_a_lost_partition_are_not_taken_for_new_ones() -> None:
    topic_reader, consumer = reader_with({KEPT: [], LOST: ["record"]})
    topic_reader.partitions()
    began = monotonic()
    topic_reader.wait(0.01)
    assert monotonic() - began >= 0.01
    assert topic_reader.partitions() == [KEPT]
    assert consumer.polls[-1] > 0


def test_a_partition_without_records_does_not_delay_the_others() -> None:
    topic_reader, consumer = reader_with({KEPT: ["record"]})
    consumer.assigned = [KEPT, LOST, NEW]
    topic_reader._just_assigned = {NEW}
    assert topic_reader.ready() == [KEPT, NEW]
    topic_reader._fetched, topic_reader._just_assigned = {KEPT: []}, set()
    assert topic_reader.ready() == [KEPT, LOST, NEW]
