"""Rebuilds an event store from Kafka alone.

Restored exactly: every event with its bytes, stored name, version and position in the store. Gaps
between positions are kept, because clients, read models and Kafka refer to the positions.

Restored in part: the processed requests. Every event contains the sender and the sender's id of
the request. It does not contain the digest of the request, because the request holds personal data.
So the digest is `UNKNOWN_DIGEST`: a request with the same id is then a duplicate, whatever its
content. This is safe: a client that tries again gets its answer, and no command is executed twice.

Not restored: the dossiers' keys. They are stored apart from the events, so that deleting a key
erases the person's data. Restore the keys from their own backup. Without it, sealed text cannot be
read, and none can be added to a dossier.

A record that repeats an earlier one byte for byte is skipped. A record with an old position and
other content is damage.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import NamedTuple, Protocol

import msgspec
from eventsourcing.persistence import IntegrityError, Notification
from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.records import UnreadableRecordError, incoming
from tracker.adapters.kafka.relay_position import (
    Notifications,
    PositionUnsureError,
    RelayPosition,
    recorded_position,
)
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.ports import UNKNOWN_DIGEST, Request
from tracker.domain.errors import ConflictError, TrackerError

_BATCH = 500


class StoreNotEmptyError(ConflictError):
    """Only an empty event store can be restored, but this one holds events."""


class BrokenTopicError(TrackerError):
    """An event in Kafka is missing, damaged or out of order."""


class EmptyStore(Notifications, Protocol):
    """An event store into which events can be restored."""

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events at their own positions, and requests, in one transaction.

        An existing request is replaced. Later events get higher positions. Raise the library's
        `IntegrityError` if an event's version is not the next version of its dossier.
        """


class _Origin(msgspec.Struct):
    source: str
    event_id: str
    code: str


_ORIGIN = msgspec.json.Decoder(_Origin)


def restore(
    connection: KafkaConnection,
    names: TopicNames,
    store: EmptyStore,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Fill the store with the events of the topic and return their number.

    Memory use is bounded. `progress` is called with the count after every batch. Raise
    `StoreNotEmptyError`, `BrokenTopicError`, and kafka-python's errors. After an error the store
    keeps the events restored so far: delete that store before another attempt.
    """
    if store.max_notification_id():
        raise StoreNotEmptyError
    relay = _published(connection, names)
    names = replace(names, generation=relay.generation)
    published = relay.position
    reader = TopicReader(connection, names.events)
    count = last = 0
    try:
        records = _in_order(reader)
        while read := list(islice(records, _BATCH)):
            batch = _new_events(read, last, store)
            if not batch:
                continue
            last = batch[-1].id
            try:
                store.restore_events(batch, [_request(event) for event in batch])
            except IntegrityError as error:
                message = (
                    f"Up to position {last}, an event of a dossier is missing or occurs twice."
                )
                raise BrokenTopicError(message) from error
            count += len(batch)
            progress(count)
    except UnreadableRecordError as error:
        raise BrokenTopicError(str(error)) from error
    except OffsetOutOfRangeError as error:
        message = f"The oldest events of {names.events} were deleted."
        raise BrokenTopicError(message) from error
    finally:
        reader.close()
    if last != published:
        message = f"The relay published up to {published}, but the last event in Kafka is {last}."
        raise BrokenTopicError(message)
    return count


def _published(connection: KafkaConnection, names: TopicNames) -> RelayPosition:
    try:
        return recorded_position(connection, names)
    except PositionUnsureError as error:
        raise BrokenTopicError(str(error)) from error


class _Located(NamedTuple):
    """An event and the place of its record: topic, partition and offset."""

    event: Notification
    place: str

    @property
    def position(self) -> int:
        return self.event.id


def _in_order(reader: TopicReader) -> Iterator[_Located]:
    ends = reader.ends()
    return merge(
        *(_of_partition(reader, partition, end) for partition, end in ends.items()),
        key=attrgetter("position"),
    )


def _of_partition(reader: TopicReader, partition: TopicPartition, end: int) -> Iterator[_Located]:
    after = 0
    topic = f"{partition.topic}, partition {partition.partition}, offset"
    while after < end and (records := reader.read(partition, after=after, limit=_BATCH)):
        yield from (
            _Located(incoming(record), f"{topic} {record.offset}")
            for record in records
            if record.offset < end
        )
        after = records[-1].offset + 1


def _new_events(located: Sequence[_Located], last: int, store: EmptyStore) -> list[Notification]:
    """Return the events after position `last`. Raise `BrokenTopicError` for an unequal repeat."""
    new: dict[int, Notification] = {}
    for event, place in located:
        if event.id > last:
            last = event.id
            new[last] = event
            continue
        before = new.get(event.id) or next(iter(store.select_notifications(event.id, 1)), None)
        if before == event:
            continue
        detail = (
            "at another position"
            if before is None or before.id != event.id
            else "with other content"
        )
        message = (
            f"{place}: event {event.id} of dossier {event.originator_id} occurs again {detail}."
            " Run 'tracker verify --of kafka' to find the first record."
        )
        raise BrokenTopicError(message)
    return list(new.values())


def _request(event: Notification) -> Request:
    origin = _ORIGIN.decode(event.state)
    return Request(
        (origin.source, origin.event_id),
        UNKNOWN_DIGEST,
        origin.code,
        event.originator_version,
        event.id,
    )
