"""How far the relay is and which generation it writes to, as Kafka itself records it."""

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
    """The event store, by what the relay needs of it."""

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
        """Return the position of the newest event."""


class RelayPosition(msgspec.Struct, frozen=True):
    """What a relay writes with every transaction: the last event it published, and who it is.

    `relay` is the name its operator gave it, `session` a random one for each time it begins;
    `left`: it has stopped, and another may begin at once. `epoch` is that of its store, which a
    restore raises: an older backup of the store is known by its lower epoch. `generation` is that
    of the events' topic.
    """

    position: int
    relay: str
    session: str
    left: bool = False
    epoch: int = 0
    generation: int = 1


_DECODER = msgspec.json.Decoder(RelayPosition)


def as_record(names: TopicNames, position: RelayPosition) -> Outgoing:
    """Return the record that says so."""
    return Outgoing(names.relay_positions, names.relay.encode(), msgspec.json.encode(position), [])


def read_position(consumer: KafkaConsumer, names: TopicNames) -> RelayPosition | None:
    """Return the position that was committed last, `None` where no relay has run yet.

    Raises kafka-python's errors, and `PositionUnsureError` for a record that is none of ours.
    """
    found = last_record(consumer, TopicPartition(names.relay_positions, 0), limit_s=_LIMIT_S)
    if found is None:
        return None
    try:
        return _DECODER.decode(found.value)
    except msgspec.MsgspecError as error:
        message = f"{names.relay_positions} holds something else than positions: {error}"
        raise PositionUnsureError(message) from error


def current_names(consumer: KafkaConsumer, names: TopicNames) -> TopicNames:
    """Return the names with the generation of the events' topic that is in use.

    Raise what `read_position` does.
    """
    said = read_position(consumer, names)
    return replace(names, generation=said.generation if said else 1)


def names_in_use(connection: KafkaConnection, names: TopicNames) -> TopicNames:
    """Return the same; the names as given where the topics have not been made yet."""
    with closing(open_consumer(connection)) as consumer:
        is_there = names.relay_positions in consumer.topics()
        return current_names(consumer, names) if is_there else names
