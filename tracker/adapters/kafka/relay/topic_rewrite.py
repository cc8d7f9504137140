"""Rewrites the events' topic from the store into a new generation and switches to it.

The service can run during the rewrite. Until the switch the old topic stays in use, so a killed
rewrite does no harm: the next rewrite continues at the end of the new topic.

The switch is one transaction. It writes the last record of each partition of the old topic, which
names the new topic, and the relay's position with the new generation. It uses the relay's
transactional id, which fences the relay. A fenced relay stands by, finds that the position is
marked as left, and continues in the new topic.
"""

import logging
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from secrets import token_hex
from time import sleep
from typing import Any

from eventsourcing.persistence import Notification
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import UnreadableRecordError, continued, header, incoming
from tracker.adapters.kafka.relay.read_ahead import ReadAhead
from tracker.adapters.kafka.relay.relay_proof import (
    check_in_store,
    check_tails,
    end_leftovers,
    partitions_of,
)
from tracker.adapters.kafka.relay_position import (
    KafkaAheadError,
    Notifications,
    RelayPosition,
    as_record,
    recorded_position,
)
from tracker.adapters.kafka.tails import last_records
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import InDoubtError, Transactions
from tracker.domain.errors import TrackerError

_log = logging.getLogger(__name__)

_NAME = "tracker topics rewrite"
_LIMIT_S = 15.0
_BATCH = 500
_TRIES = 20
_PAUSE_S = 0.2


class NotSwitchedError(TrackerError):
    """The switch failed and the old topic is still in use. Run the command again."""


class Rewriting:
    """One rewrite of the events' topic."""

    def __init__(
        self, store: Notifications, connection: KafkaConnection, names: TopicNames
    ) -> None:
        """Rewrite the topic from this store. Read the generation in use from Kafka."""
        self._store = store
        self._connection = connection
        recorded = recorded_position(connection, names)
        self.old = replace(names, generation=recorded.generation)
        self.new = replace(names, generation=recorded.generation + 1)
        self._position_before = recorded.position

    def check_store(self) -> None:
        """Raise `KafkaAheadError` if the store lacks events that the relay published."""
        head = self._store.max_notification_id() or 0
        if head < self._position_before:
            message = (
                f"The relay published up to event {self._position_before}, but this event store"
                f" ends at {head}: it was restored from an old backup. Restore it from Kafka first."
            )
            raise KafkaAheadError(message)
        with closing(open_consumer(self._connection)) as consumer:
            if self.old.events not in consumer.topics():
                return
            readable = [
                (event.id, record)
                for record in self._tail(consumer, self.old)
                if (event := _event_of(record)) and event.id <= self._position_before
            ]
        if readable:
            check_in_store(max(readable, key=lambda pair: pair[0])[1], self._store)

    def copy(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Write the store's events to the new topic and return the position of the last.

        `progress` is called with the number of events in each transaction. Raise `InDoubtError`,
        kafka-python's errors, and the errors of `check_tails` if the new topic holds other records.
        """
        with Transactions(self._connection, self.new.events, limit_s=_LIMIT_S) as kafka:
            end_leftovers(kafka, self._connection, [self.new.events])
            return self._write_on(kafka, self._written(), progress)

    def switch(self) -> None:
        """Switch to the new topic. Raise `NotSwitchedError`.

        The fenced relay may start again before it sees the rewrite's position. It then fences
        this rewrite, which tries again.
        """
        for _ in range(_TRIES):
            try:
                if recorded_position(self._connection, self.old).generation >= self.new.generation:
                    return
                self._switch()
            except (KafkaError, InDoubtError) as error:
                _log.info("The switch failed and is tried again: %r", error.__cause__ or error)
                sleep(_PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311  no secret
            else:
                return
        raise NotSwitchedError

    def _switch(self) -> None:
        session = token_hex(8)

        def mark(position: int, names: TopicNames, *, left: bool = False) -> RelayPosition:
            return RelayPosition(position, _NAME, session, left=left, generation=names.generation)

        with Transactions(self._connection, self.old.relay, limit_s=_LIMIT_S) as kafka:
            end_leftovers(kafka, self._connection, [self.old.relay_positions])
            recorded = recorded_position(self._connection, self.old)
            if recorded.generation >= self.new.generation:
                return
            # From now on a relay that starts sees this position and stands by.
            kafka.commit([as_record(self.old, mark(recorded.position, self.old))])
            with closing(open_consumer(self._connection)) as consumer:
                exists = self.old.events in consumer.topics()
                partitions = partitions_of(consumer, [self.old.events]) if exists else []
            if exists:
                kafka.end_leftovers([self.old.events])
            end_leftovers(kafka, self._connection, [self.new.events])
            position = self._write_on(kafka, self._written())
            if position < recorded.position:
                raise KafkaAheadError
            last = [continued(old.topic, old.partition, self.new.events) for old in partitions]
            kafka.commit([*last, as_record(self.old, mark(position, self.new, left=True))])

    def _write_on(
        self, kafka: Transactions, after: int, progress: Callable[[int], None] = lambda _: None
    ) -> int:
        """Write the store's events after a position until no full batch waits.

        Return the position of the last written event.
        """
        with ReadAhead(self._store, self.new.events, after=after, limit=_BATCH) as batches:
            while batch := batches.next():
                batches.read_on()
                kafka.commit(batch.records)
                after = batch.position
                progress(len(batch.records))
                if not batches.is_behind:
                    break
        return after

    def _written(self) -> int:
        """Check that the new topic ends with stored events, and return its last position."""
        with closing(open_consumer(self._connection)) as consumer:
            tail = self._tail(consumer, self.new)
            newest = max((int(header(record, "notification_id")) for record in tail), default=0)
            check_tails(consumer, self.new, self._store, newest)
        return newest

    @staticmethod
    def _tail(consumer: KafkaConsumer, names: TopicNames) -> Sequence[Any]:
        return [
            record
            for partition in partitions_of(consumer, [names.events])
            for record in last_records(consumer, partition, limit_s=_LIMIT_S)
        ]


def _event_of(record: Any) -> Notification | None:  # noqa: ANN401  kafka-python has no types
    try:
        return incoming(record)
    except UnreadableRecordError:
        return None
