"""How far the relay is, as it stands in Kafka itself, and whether that agrees with the store."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
from eventsourcing.persistence import Notification
from kafka import KafkaConsumer, TopicPartition

from tracker.adapters.kafka.records import Outgoing, header
from tracker.adapters.kafka.tails import last_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.domain.errors import TrackerError
from tracker.domain.log import leaf_hash

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
        """Give events in the order of the store."""

    def max_notification_id(self) -> int | None:
        """Give the position of the newest event."""


class RelayPosition(msgspec.Struct, frozen=True):
    """What a relay writes with every transaction: the last event it published, and who it is.

    `relay` is the name its operator gave it, `session` a random one for each time it begins;
    `left`: it has stopped, and another may begin at once. `epoch` is that of its store, which a
    restore raises: an older backup of the store is known by its lower epoch.
    """

    position: int
    relay: str
    session: str
    left: bool = False
    epoch: int = 0


_DECODER = msgspec.json.Decoder(RelayPosition)


def as_record(names: TopicNames, position: RelayPosition) -> Outgoing:
    """Give the record that says so."""
    return Outgoing(names.relay_positions, names.events.encode(), msgspec.json.encode(position), [])


def read_position(consumer: KafkaConsumer, names: TopicNames) -> RelayPosition | None:
    """Give the position that was committed last, `None` where no relay has run yet.

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


def checked_position(consumer: KafkaConsumer, names: TopicNames, store: Notifications) -> int:
    """Give the position of the last event in Kafka, after seeing that all three agree.

    It stands in the position's own topic, it is the newest at the ends of the events' partitions,
    and the event store has this very event there. Raises `KafkaAheadError`, `PositionUnsureError`.
    """
    said = read_position(consumer, names)
    position = said.position if said else 0
    numbers = consumer.partitions_for_topic(names.events)
    tails = [
        tail
        for number in sorted(numbers)
        if (tail := last_record(consumer, TopicPartition(names.events, number), limit_s=_LIMIT_S))
    ]
    newest = max(tails, key=lambda tail: int(header(tail, "notification_id")), default=None)
    found = int(header(newest, "notification_id")) if newest else 0
    if found != position:
        message = (
            f"{names.relay_positions} says {position}, but the newest event in {names.events} is"
            f" {found}. One of the two topics was lost or changed, or Kafka left a transaction"
            " without its end ('kafka-transactions.sh find-hanging' tells); nothing is published."
        )
        raise PositionUnsureError(message)
    if newest is None:
        return 0
    stored = store.select_notifications(position, 1)
    if (
        not stored
        or stored[0].id != position
        or leaf_hash(stored[0].topic, stored[0].state).hex() != header(newest, "leaf_hash")
    ):
        message = (
            f"Kafka holds event {position}, and this event store has"
            f" {'another' if stored else 'none'} there: it was restored from an old backup, or is"
            " not the store these topics belong to. Restore it from Kafka; nothing is published."
        )
        raise KafkaAheadError(message)
    return position
