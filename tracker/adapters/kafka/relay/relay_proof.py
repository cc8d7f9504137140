"""Checks, before a relay writes, that Kafka, the recorded position and the store agree.

The relay runs these checks at every start and after every transaction in doubt. It has then already
fenced its predecessors.

1. It aborts a transaction in every partition, so that no record of a dead session can be committed.
2. It waits until no transaction is open: the last stable offset equals the end of the partition.
3. It checks that each partition ends with the last event that the store has for it up to the
   recorded position. Only equal repeats of stored events may follow that event.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from time import monotonic, sleep
from typing import Any

from eventsourcing.persistence import Notification
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer, partition_of
from tracker.adapters.kafka.records import header, outgoing
from tracker.adapters.kafka.relay_position import (
    KafkaAheadError,
    Notifications,
    PositionUnsureError,
    read_position,
)
from tracker.adapters.kafka.tails import last_records
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import InDoubtError, Transactions
from tracker.domain.transparency_log.leaves import leaf_hash

_LIMIT_S = 15.0
_RETRY_S = 0.1
_ROWS = 1000
_MOST_ROWS = 20_000
_MOST_RECORDS = 50_000


def end_leftovers(kafka: Transactions, connection: KafkaConnection, topics: Sequence[str]) -> None:
    """Abort every transaction that a dead session of this relay left open in these topics.

    Raise `InDoubtError` if Kafka took the fencing record for a record of an older session, and
    `PositionUnsureError` if a transaction stays open.
    """
    with closing(open_consumer(connection, isolation_level="read_uncommitted")) as consumer:
        partitions = partitions_of(consumer, topics)
        before = consumer.end_offsets(partitions)
        written = kafka.end_leftovers(topics)
        if any(written[partition] < before[partition] for partition in partitions):
            raise InDoubtError
        with closing(open_consumer(connection)) as committed:
            _wait_until_settled(consumer, committed, partitions)


def partitions_of(consumer: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """Return the partitions of these topics. Raise `UnknownTopicOrPartitionError`."""
    partitions: list[TopicPartition] = []
    for topic in topics:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise UnknownTopicOrPartitionError(topic)
        partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
    return partitions


def _wait_until_settled(
    everything: KafkaConsumer, committed: KafkaConsumer, partitions: Sequence[TopicPartition]
) -> None:
    """Wait until both consumers see the same ends. Raise `PositionUnsureError` at the deadline."""
    deadline = monotonic() + _LIMIT_S
    while True:
        stable = committed.end_offsets(partitions)
        ends = everything.end_offsets(partitions)
        still_open = [partition for partition in partitions if stable[partition] < ends[partition]]
        if not still_open:
            return
        if monotonic() > deadline:
            first = still_open[0]
            message = (
                f"{first.topic}, partition {first.partition}: another program's transaction is open"
                f" from offset {stable[first]}. Nothing is published until it ends. Find it with"
                " 'kafka-transactions.sh find-hanging' and end it with 'abort'."
            )
            raise PositionUnsureError(message)
        sleep(_RETRY_S)


def checked_position(consumer: KafkaConsumer, names: TopicNames, store: Notifications) -> int:
    """Check that Kafka, the recorded position and the store agree, and return the position.

    `names` must name the generation in use. Raise `KafkaAheadError`, `PositionUnsureError`.
    """
    recorded = read_position(consumer, names)
    position = recorded.position if recorded else 0
    partitions = partitions_of(consumer, [names.events])
    tails = {
        partition: last_records(consumer, partition, limit_s=_LIMIT_S) for partition in partitions
    }
    records = [record for tail in tails.values() for record in tail]
    newest = max(records, key=_position, default=None)
    newest_position = _position(newest) if newest else 0
    if newest_position != position:
        message = (
            f"{names.relay_positions} says {position}, but the newest event in {names.events} is"
            f" {newest_position}. One of the two topics was lost or changed. Nothing is published."
            " Run 'tracker topics rewrite' to write the events again from the store."
        )
        raise PositionUnsureError(message)
    if newest is None:
        return 0
    check_in_store(newest, store)
    check_tails(consumer, names, store, position, tails)
    return position


def check_in_store(record: Any, store: Notifications) -> None:  # noqa: ANN401  kafka-python has no types
    """Raise `KafkaAheadError` if the store does not hold the event of this record."""
    position = _position(record)
    stored = store.select_notifications(position, 1)
    if not (stored and _holds(record, stored[0])):
        difference = "another event" if stored and stored[0].id == position else "no event"
        message = (
            f"Kafka holds event {position}, but this event store has {difference} at that position."
            " The store was restored from an old backup, or these topics belong to another store."
            " Restore the store from Kafka. Nothing is published."
        )
        raise KafkaAheadError(message)


def check_tails(
    consumer: KafkaConsumer,
    names: TopicNames,
    store: Notifications,
    position: int,
    tails: Mapping[TopicPartition, Sequence[Any]] | None = None,
) -> None:
    """Check that each partition ends with its last stored event up to this position.

    `tails` holds the last records if the caller has read them. Raise `PositionUnsureError`.
    """
    if tails is None:
        partitions = partitions_of(consumer, [names.events])
        tails = {
            partition: last_records(consumer, partition, limit_s=_LIMIT_S)
            for partition in partitions
        }
    expected = last_of_each(store, position, len(tails))
    for partition, tail in tails.items():
        last = expected.get(partition.partition)
        records = tail if last is None else _records_after(consumer, partition, tail, last)
        if records is None:
            message = (
                f"{partition.topic}, partition {partition.partition} does not end with event"
                f" {last.id if last else 0}, which the relay published. Nothing more is published."
                " Run 'tracker topics rewrite' to write the events again from the store."
            )
            raise PositionUnsureError(message)
        for record in records:
            _check_repeat(record, store)


def last_of_each(
    store: Notifications, position: int, partitions: int
) -> Mapping[int, Notification]:
    """Return the last event of each partition among the last 20,000 positions.

    The keys are the numbers of the partitions. Raise the store's errors.
    """
    last: dict[int, Notification] = {}
    end = position
    while end > max(0, position - _MOST_ROWS) and len(last) < partitions:
        begin = max(1, end - _ROWS + 1)
        for event in reversed(store.select_notifications(begin, _ROWS, end)):
            last.setdefault(partition_of(outgoing("", event).key or b"", partitions), event)
        end = begin - 1
    return last


def _records_after(
    consumer: KafkaConsumer, partition: TopicPartition, tail: Sequence[Any], last: Notification
) -> Sequence[Any] | None:
    """Return the records after this event in its partition, or `None` if the event is missing."""

    def index_of_last(records: Sequence[Any]) -> int:
        matches = (index for index, record in enumerate(records) if _holds(record, last))
        return next(matches, -1)

    def enough(records: Sequence[Any]) -> bool:
        return index_of_last(records) >= 0 or len(records) > _MOST_RECORDS

    if index_of_last(tail) < 0:
        tail = last_records(consumer, partition, limit_s=_LIMIT_S, enough=enough)
    index = index_of_last(tail)
    return None if index < 0 else tail[index + 1 :]


def _check_repeat(record: Any, store: Notifications) -> None:  # noqa: ANN401  kafka-python has no types
    stored = store.select_notifications(_position(record), 1)
    if not (stored and _holds(record, stored[0])):
        message = (
            f"{record.topic}, partition {record.partition}, offset {record.offset} holds event"
            f" {_position(record)} with other bytes than the store. Nothing more is published."
            " Run 'tracker topics rewrite' to write the events again from the store."
        )
        raise PositionUnsureError(message)


def _position(record: Any) -> int:  # noqa: ANN401  kafka-python has no types
    return int(header(record, "notification_id"))


def _holds(record: Any, event: Notification) -> bool:  # noqa: ANN401  kafka-python has no types
    return (
        _position(record) == event.id
        and header(record, "leaf_hash") == leaf_hash(event.topic, event.state).hex()
    )
