"""Rebuilds an event store from Kafka alone.

What comes back bit for bit: every event with its bytes, its stored name, its version, and its place
in the order of the store, gaps included, since clients, read models and Kafka itself refer to it.

What comes back in part: which requests were carried out. The sender, its own id and the event it
led to stand in every event; a digest of all that was sent does not, for it would be one of personal
data. So the digest is `UNKNOWN_DIGEST`: the same id again is then a duplicate, whatever comes with
it. That is the safe side: a client that tries again gets its answer, and nothing is done twice.

What does not come back: the dossiers' keys, which are kept beside the events so that erasing one
erases the person. Restore them from their own backup; without it no sealed text can be read, and
none can be added to a dossier.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Protocol

import msgspec
from eventsourcing.persistence import IntegrityError, Notification
from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.reader import TopicReader
from tracker.adapters.kafka.records import UnreadableRecordError, incoming
from tracker.adapters.kafka.relay_position import PositionUnsureError, read_position
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.ports import UNKNOWN_DIGEST, Request
from tracker.domain.errors import ConflictError, TrackerError

_BATCH = 500


class StoreNotEmptyError(ConflictError):
    """Only an empty event store can be restored; this one holds events."""


class BrokenTopicError(TrackerError):
    """The events in Kafka are not whole: one is missing, damaged, or out of order."""


class EmptyStore(Protocol):
    """An event store that can be filled."""

    def max_notification_id(self) -> int | None:
        """Give the position of the newest event, `None` where there is none."""

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events under the very positions they bear, and requests, in one transaction.

        A request that is there already is replaced. Raises the library's `IntegrityError` where a
        version is not the dossier's next. The next event stored afterwards gets a higher position.
        """


class _Sent(msgspec.Struct):
    source: str
    event_id: str
    code: str


_SENT = msgspec.json.Decoder(_Sent)


def restore(
    connection: KafkaConnection,
    names: TopicNames,
    store: EmptyStore,
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Fill the store with all that the events' topic holds and give how many events that is.

    Memory stays bounded whatever the topic holds; `told` is called with the count now and then.
    Raises `StoreNotEmptyError`, `BrokenTopicError`, and kafka-python's errors. What it stored
    before it failed stays: drop that store before another attempt.
    """
    if store.max_notification_id():
        raise StoreNotEmptyError
    published = _published(connection, names)
    reader = TopicReader(connection, names.events)
    count = last = 0
    try:
        events = _in_order(reader)
        while batch := list(islice(events, _BATCH)):
            last = _checked(batch, last)
            try:
                store.restore_events(batch, [_request(event) for event in batch])
            except IntegrityError as error:
                message = f"An event of a dossier is missing or doubled up to position {last}."
                raise BrokenTopicError(message) from error
            count += len(batch)
            told(count)
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


def _published(connection: KafkaConnection, names: TopicNames) -> int:
    consumer = open_consumer(connection)
    try:
        said = read_position(consumer, names)
    except PositionUnsureError as error:
        raise BrokenTopicError(str(error)) from error
    finally:
        consumer.close()
    return said.position if said else 0


def _in_order(reader: TopicReader) -> Iterator[Notification]:
    ends = reader.ends()
    return merge(
        *(_of_partition(reader, partition, end) for partition, end in ends.items()),
        key=attrgetter("id"),
    )


def _of_partition(
    reader: TopicReader, partition: TopicPartition, end: int
) -> Iterator[Notification]:
    after = 0
    while after < end and (records := reader.read(partition, after=after, limit=_BATCH)):
        yield from (incoming(record) for record in records)
        after = records[-1].offset + 1


def _checked(events: Sequence[Notification], last: int) -> int:
    for event in events:
        if event.id <= last:
            message = f"Kafka holds event {event.id} twice or out of order."
            raise BrokenTopicError(message)
        last = event.id
    return last


def _request(event: Notification) -> Request:
    sent = _SENT.decode(event.state)
    return Request(
        (sent.source, sent.event_id), UNKNOWN_DIGEST, sent.code, event.originator_version, event.id
    )
