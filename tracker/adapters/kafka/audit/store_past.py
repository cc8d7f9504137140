"""Compares the store with the newest events, the relay's position and the epoch in Kafka."""

from collections.abc import Callable
from threading import Lock

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import UnreadableRecordError, header
from tracker.adapters.kafka.relay_position import (
    Notifications,
    PositionUnsureError,
    current_names,
    read_position,
    recorded_position,
)
from tracker.adapters.kafka.tails import last_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.recovery.store_past import SilentPlaceError
from tracker.domain.transparency_log.leaves import leaf_hash

_LIMIT_S = 5.0


def last_epoch(connection: KafkaConnection, names: TopicNames) -> int:
    """Return the epoch of the store that wrote to Kafka last, or 0. Raise kafka-python's errors."""
    return recorded_position(connection, names).epoch


class KafkaPast:
    """Checks that the store holds the last event of every partition, byte for byte."""

    name = "Kafka"

    def __init__(
        self,
        connection: KafkaConnection,
        names: TopicNames,
        store: Notifications,
        epoch: Callable[[], int],
    ) -> None:
        """Compare these topics with the store and its epoch. This makes no connection."""
        self._connection = connection
        self._names = names
        self._store = store
        self._consumer: KafkaConsumer | None = None
        self._lock = Lock()
        self._epoch = epoch

    def ahead(self) -> str:
        """Return a sentence that names what the store lacks, empty if it lacks nothing.

        Raise `SilentPlaceError`.
        """
        with self._lock:
            try:
                self._consumer = self._consumer or open_consumer(self._connection)
                return self._fault(self._consumer)
            except (KafkaError, PositionUnsureError, UnreadableRecordError) as error:
                self._drop()
                raise SilentPlaceError(repr(error)) from error
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _fault(self, consumer: KafkaConsumer) -> str:
        events = current_names(consumer, self._names).events
        for number in sorted(consumer.partitions_for_topic(events) or ()):
            partition = TopicPartition(events, number)
            tail = last_record(consumer, partition, limit_s=_LIMIT_S)
            if tail is None:
                continue
            position = int(header(tail, "notification_id"))
            stored = self._store.select_notifications(position, 1)
            if not stored or stored[0].id != position:
                return f"Kafka holds event {position}, but the store has no event at that position."
            if leaf_hash(stored[0].topic, stored[0].state).hex() != header(tail, "leaf_hash"):
                return (
                    f"Kafka holds event {position}, but the store has another one at that position."
                )
        relay = read_position(consumer, self._names)
        head = self._store.max_notification_id() or 0
        if relay and relay.position > head:
            return f"The relay published event {relay.position}, but the store ends at {head}."
        if relay and relay.epoch > (epoch := self._epoch()):
            return (
                f"Epoch {relay.epoch} of the store wrote to Kafka, but this store has epoch"
                f" {epoch}."
            )
        return ""

    def _drop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
