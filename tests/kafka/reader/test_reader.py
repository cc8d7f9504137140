"""What the reader of a topic does with what its consumer gives; the consumer is a made one."""

from time import monotonic
from typing import Any

from kafka import TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.reader import TopicReader

OURS, LOST, NEW = (TopicPartition("t", number) for number in range(3))


class Silent:
    """A consumer with nothing new; it notes how long it was to be polled."""

    def __init__(self) -> None:
        self.polls: list[int] = []
        self.ours = [OURS]

    def assignment(self) -> set[TopicPartition]:
        return set(self.ours)

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        self.polls.append(timeout_ms)
        return {}


def reader(waiting: dict[TopicPartition, list[Any]]) -> tuple[TopicReader, Silent]:
    made, consumer = TopicReader(KafkaConnection("nowhere:1"), "t", group="g"), Silent()
    made._consumer = consumer
    made._waiting = waiting
    made._places = dict.fromkeys(waiting, 0)
    return made, consumer


def test_what_has_come_already_is_not_kept_waiting_for_more() -> None:
    made, consumer = reader({OURS: ["record"]})
    assert made.partitions() == [OURS]
    assert consumer.polls == [0]


def test_what_is_left_of_a_partition_that_went_is_not_taken_for_something_new() -> None:
    made, consumer = reader({OURS: [], LOST: ["record"]})
    made.partitions()
    began = monotonic()
    made.wait(0.01)
    assert monotonic() - began >= 0.01
    assert made.partitions() == [OURS]
    assert consumer.polls[-1] > 0


def test_a_partition_that_waits_for_nothing_does_not_keep_the_others_back() -> None:
    made, consumer = reader({OURS: ["record"]})
    consumer.ours = [OURS, LOST, NEW]
    made._moved = {NEW}
    assert made.ready() == [OURS, NEW]
    made._waiting, made._moved = {OURS: []}, set()
    assert made.ready() == [OURS, LOST, NEW]
