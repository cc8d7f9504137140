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

A record that repeats an earlier one byte for byte is passed over, wherever it comes. A record of
an old position with other content is damage.
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

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.records import UnreadableRecordError, incoming
from tracker.adapters.kafka.relay_position import (
    PositionUnsureError,
    RelayPosition,
    read_position,
)
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

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events in the order of the store."""

    def max_notification_id(self) -> int | None:
        """Return the position of the newest event, `None` where there is none."""

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events under the very positions they bear, and requests, in one transaction.

        A request that is there already is replaced. Raise the library's `IntegrityError` where a
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
    Raise `StoreNotEmptyError`, `BrokenTopicError`, and kafka-python's errors. What it stored
    before it failed stays: drop that store before another attempt.
    """
    if store.max_notification_id():
        raise StoreNotEmptyError
    said = _published(connection, names)
    names = replace(names, generation=said.generation)
    published = said.position
    reader = TopicReader(connection, names.events)
    count = last = 0
    try:
        found = _in_order(reader)
        while some := list(islice(found, _BATCH)):
            batch = _new_ones(some, last, store)
            if not batch:
                continue
            last = batch[-1].id
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


def _published(connection: KafkaConnection, names: TopicNames) -> RelayPosition:
    consumer = open_consumer(connection)
    try:
        said = read_position(consumer, names)
    except PositionUnsureError as error:
        raise BrokenTopicError(str(error)) from error
    finally:
        consumer.close()
    return said or RelayPosition(0, "", "")


class _Found(NamedTuple):
    event: Notification
    place: str

    @property
    def position(self) -> int:
        return self.event.id


def _in_order(reader: TopicReader) -> Iterator[_Found]:
    ends = reader.ends()
    return merge(
        *(_of_partition(reader, partition, end) for partition, end in ends.items()),
        key=attrgetter("position"),
    )


def _of_partition(reader: TopicReader, partition: TopicPartition, end: int) -> Iterator[_Found]:
    after = 0
    topic = f"{partition.topic}, partition {partition.partition}, offset"
    while after < end and (records := reader.read(partition, after=after, limit=_BATCH)):
        yield from (
            _Found(incoming(one), f"{topic} {one.offset}") for one in records if one.offset < end
        )
        after = records[-1].offset + 1


def _new_ones(found: Sequence[_Found], last: int, store: EmptyStore) -> list[Notification]:
    """Return the events after the last that was stored, after checking the repeats among them."""
    new: dict[int, Notification] = {}
    for event, place in found:
        if event.id > last:
            last = event.id
            new[last] = event
            continue
        before = new.get(event.id) or next(iter(store.select_notifications(event.id, 1)), None)
        if before == event:
            continue
        detail = "in another place" if before is None or before.id != event.id else "differently"
        message = (
            f"{place}: event {event.id} of dossier {event.originator_id} comes again {detail}."
            " 'tracker verify --of kafka' names the first record."
        )
        raise BrokenTopicError(message)
    return list(new.values())


def _request(event: Notification) -> Request:
    sent = _SENT.decode(event.state)
    return Request(
        (sent.source, sent.event_id), UNKNOWN_DIGEST, sent.code, event.originator_version, event.id
    )
