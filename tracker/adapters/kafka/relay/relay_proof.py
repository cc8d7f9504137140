"""Proves, before a relay writes, that Kafka, the recorded position and the store agree.

The relay does this at every start and after every doubt, when it has fenced its predecessors:

1. It aborts a transaction in every partition, so that nothing of a dead session can be committed.
2. It waits until no transaction is open: what `read_committed` sees ends where the partition ends.
3. Each partition ends with the last event that the store has for it up to the recorded position.
   Equal repeats may follow that event, and nothing else.
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
_LOOK_AGAIN_S = 0.1
_ROWS = 1000
_MOST_ROWS = 20_000
_MOST_RECORDS = 50_000


def end_leftovers(kafka: Transactions, connection: KafkaConnection, topics: Sequence[str]) -> None:
    """End every transaction that a dead session of this relay left open in these topics.

    Raise `InDoubtError` where Kafka took the fencing record for one of an older session,
    `PositionUnsureError` where a transaction stays open.
    """
    with closing(open_consumer(connection, isolation_level="read_uncommitted")) as consumer:
        partitions = partitions_of(consumer, topics)
        before = consumer.end_offsets(partitions)
        written = kafka.end_leftovers(topics)
        if any(written[one] < before[one] for one in partitions):
            raise InDoubtError
        with closing(open_consumer(connection)) as committed:
            _wait_until_settled(consumer, committed, partitions)


def partitions_of(consumer: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """Return the partitions of these topics. Raise `UnknownTopicOrPartitionError`."""
    found: list[TopicPartition] = []
    for topic in topics:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise UnknownTopicOrPartitionError(topic)
        found += [TopicPartition(topic, number) for number in sorted(numbers)]
    return found


def _wait_until_settled(
    everything: KafkaConsumer, committed: KafkaConsumer, partitions: Sequence[TopicPartition]
) -> None:
    """Wait until both consumers see the same ends."""
    deadline = monotonic() + _LIMIT_S
    while True:
        stable = committed.end_offsets(partitions)
        ends = everything.end_offsets(partitions)
        still_open = [one for one in partitions if stable[one] < ends[one]]
        if not still_open:
            return
        if monotonic() > deadline:
            first = still_open[0]
            message = (
                f"{first.topic}, partition {first.partition}: a transaction is open from offset"
                f" {stable[first]} on, and it is not the relay's. Nothing is published until it"
                " ends: 'kafka-transactions.sh find-hanging' names it, 'abort' ends it."
            )
            raise PositionUnsureError(message)
        sleep(_LOOK_AGAIN_S)


def checked_position(consumer: KafkaConsumer, names: TopicNames, store: Notifications) -> int:
    """Return the position of the last event in Kafka after checking that all three agree.

    `names` are of the generation in use. Raise `KafkaAheadError`, `PositionUnsureError`.
    """
    said = read_position(consumer, names)
    position = said.position if said else 0
    partitions = partitions_of(consumer, [names.events])
    tails = {one: last_records(consumer, one, limit_s=_LIMIT_S) for one in partitions}
    records = [record for tail in tails.values() for record in tail]
    newest = max(records, key=_position, default=None)
    found = _position(newest) if newest else 0
    if found != position:
        message = (
            f"{names.relay_positions} says {position}, but the newest event in {names.events} is"
            f" {found}. One of the two topics was lost or changed; nothing is published."
            " 'tracker topics rewrite' writes the events anew from the store."
        )
        raise PositionUnsureError(message)
    if newest is None:
        return 0
    check_in_store(newest, store)
    check_tails(consumer, names, store, position, tails)
    return position


def check_in_store(record: Any, store: Notifications) -> None:  # noqa: ANN401  it has no types
    """Raise `KafkaAheadError` where the store does not have the event of this record."""
    position = _position(record)
    stored = store.select_notifications(position, 1)
    if not (stored and _is(record, stored[0])):
        there = "another" if stored and stored[0].id == position else "none"
        message = (
            f"Kafka holds event {position}, and this event store has {there} there: it was restored"
            " from an old backup, or is not the store these topics belong to. Restore it from"
            " Kafka; nothing is published."
        )
        raise KafkaAheadError(message)


def check_tails(
    consumer: KafkaConsumer,
    names: TopicNames,
    store: Notifications,
    position: int,
    tails: Mapping[TopicPartition, Sequence[Any]] | None = None,
) -> None:
    """Check that each partition ends with what the store has for it up to this position.

    `tails` are the last records, where they are known. Raise `PositionUnsureError`.
    """
    if tails is None:
        partitions = partitions_of(consumer, [names.events])
        tails = {one: last_records(consumer, one, limit_s=_LIMIT_S) for one in partitions}
    expected = last_of_each(store, position, len(tails))
    for partition, tail in tails.items():
        last = expected.get(partition.partition)
        records = tail if last is None else _back_to(consumer, partition, tail, last)
        if records is None:
            message = (
                f"{partition.topic}, partition {partition.partition} does not end with event"
                f" {last.id if last else 0}, which the relay published. Nothing more is published;"
                " 'tracker topics rewrite' writes the events anew from the store."
            )
            raise PositionUnsureError(message)
        for record in records:
            _check_repeat(record, store)


def last_of_each(
    store: Notifications, position: int, partitions: int
) -> Mapping[int, Notification]:
    """Return the last event of each partition, as far back as one looks."""
    found: dict[int, Notification] = {}
    end = position
    while end > max(0, position - _MOST_ROWS) and len(found) < partitions:
        begin = max(1, end - _ROWS + 1)
        for event in reversed(store.select_notifications(begin, _ROWS, end)):
            found.setdefault(partition_of(outgoing("", event).key or b"", partitions), event)
        end = begin - 1
    return found


def _back_to(
    consumer: KafkaConsumer, partition: TopicPartition, tail: Sequence[Any], last: Notification
) -> Sequence[Any] | None:
    """Return what follows on this event in its partition; `None` where it is not there."""

    def place(records: Sequence[Any]) -> int:
        numbers = [at for at, record in enumerate(records) if _is(record, last)]
        return numbers[0] if numbers else -1

    def enough(records: Sequence[Any]) -> bool:
        return place(records) >= 0 or len(records) > _MOST_RECORDS

    if place(tail) < 0:
        tail = last_records(consumer, partition, limit_s=_LIMIT_S, enough=enough)
    at = place(tail)
    return None if at < 0 else tail[at + 1 :]


def _check_repeat(record: Any, store: Notifications) -> None:  # noqa: ANN401  it has no types
    stored = store.select_notifications(_position(record), 1)
    if not (stored and _is(record, stored[0])):
        message = (
            f"{record.topic}, partition {record.partition}, offset {record.offset} holds event"
            f" {_position(record)} with other bytes than the store. Nothing more is published;"
            " 'tracker topics rewrite' writes the events anew from the store."
        )
        raise PositionUnsureError(message)


def _position(record: Any) -> int:  # noqa: ANN401  it has no types
    return int(header(record, "notification_id"))


def _is(record: Any, event: Notification) -> bool:  # noqa: ANN401  it has no types
    return (
        _position(record) == event.id
        and header(record, "leaf_hash") == leaf_hash(event.topic, event.state).hex()
    )
