"""The relay's position and the topic generation in use, as recorded in Kafka."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

import msgspec
from eventsourcing.persistence import Notification
from kafka import KafkaConsumer, TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.tails import last_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.domain.errors import TrackerError

_LIMIT_S = 15.0


class KafkaAheadError(TrackerError):
    """Kafka holds events that this event store does not have: an old backup was restored."""


class PositionUnsureError(TrackerError):
    """The relay's position in Kafka and the events in Kafka do not agree."""


class Notifications(Protocol):
    """The methods of the event store that the relay uses."""

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return up to `limit` events in the order of their positions."""

    def max_notification_id(self) -> int | None:
        """Return the position of the newest event, or `None` if the store is empty."""


class RelayPosition(msgspec.Struct, frozen=True):
    """The record that a relay writes with every transaction.

    `position` is the position of the last published event. `relay` is the relay's configured name,
    and `session` is a random name for each start. `left` means that the relay has stopped and
    another may start at once. `epoch` is the epoch of the store. A restore increases it, so an
    older backup has a lower epoch. `generation` is the generation of the events' topic.
    """

    position: int
    relay: str
    session: str
    left: bool = False
    epoch: int = 0
    generation: int = 1


_DECODER = msgspec.json.Decoder(RelayPosition)


def as_record(names: TopicNames, position: RelayPosition) -> Outgoing:
    """Return the Kafka record that holds this position."""
    return Outgoing(names.relay_positions, names.relay.encode(), msgspec.json.encode(position), [])


def read_position(consumer: KafkaConsumer, names: TopicNames) -> RelayPosition | None:
    """Return the position that was committed last, or `None` if no relay has run yet.

    Raise kafka-python's errors, and `PositionUnsureError` if the record is not a position.
    """
    record = last_record(consumer, TopicPartition(names.relay_positions, 0), limit_s=_LIMIT_S)
    if record is None:
        return None
    try:
        return _DECODER.decode(record.value)
    except msgspec.MsgspecError as error:
        message = f"{names.relay_positions} holds a record that is not a position: {error}"
        raise PositionUnsureError(message) from error


def recorded_position(connection: KafkaConnection, names: TopicNames) -> RelayPosition:
    """Return the position that was committed last, or position 0 if no relay has run yet.

    It opens a new consumer. Raise the errors of `read_position`.
    """
    with closing(open_consumer(connection)) as consumer:
        return read_position(consumer, names) or RelayPosition(0, "", "")


def current_names(consumer: KafkaConsumer, names: TopicNames) -> TopicNames:
    """Return the names with the generation of the events' topic that is in use.

    Raise the errors of `read_position`.
    """
    position = read_position(consumer, names)
    return replace(names, generation=position.generation if position else 1)


def names_in_use(connection: KafkaConnection, names: TopicNames) -> TopicNames:
    """Return what `current_names` returns, or `names` unchanged if the topics do not exist yet."""
    with closing(open_consumer(connection)) as consumer:
        exists = names.relay_positions in consumer.topics()
        return current_names(consumer, names) if exists else names
