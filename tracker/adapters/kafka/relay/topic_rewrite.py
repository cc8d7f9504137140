"""Writes the events' topic anew from the store, into a new generation, and switches to it.

The service may run meanwhile. Until the switch the old topic stays the truth, so a rewriting that
is killed does no harm: the next one continues where its new topic ends. The switch is one
transaction: it writes the last record of each partition of the old topic, which names the new one,
and the relay's position with the new generation. It runs under the relay's own transactional id,
which fences the relay. A relay that runs stands by, finds the position left, and goes on in the
new topic.
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
    read_position,
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
    """The switch did not succeed; the old topic is still in use. Run the command again."""


class Rewriting:
    """One rewriting of the events' topic."""

    def __init__(
        self, store: Notifications, connection: KafkaConnection, names: TopicNames
    ) -> None:
        """Write what this store holds."""
        self._store = store
        self._connection = connection
        said = self._said(names)
        self.old = replace(names, generation=said.generation)
        self.new = replace(names, generation=said.generation + 1)
        self._said_before = said.position

    def check_store(self) -> None:
        """Raise `KafkaAheadError` where the store lacks events that the relay published."""
        head = self._store.max_notification_id() or 0
        if head < self._said_before:
            message = (
                f"The relay published up to event {self._said_before}, and this event store ends at"
                f" {head}: it was restored from an old backup. Restore it from Kafka first."
            )
            raise KafkaAheadError(message)
        with closing(open_consumer(self._connection)) as consumer:
            if self.old.events not in consumer.topics():
                return
            readable = [
                (event.id, record)
                for record in self._tail(consumer, self.old)
                if (event := _event_of(record)) and event.id <= self._said_before
            ]
        if readable:
            check_in_store(max(readable, key=lambda one: one[0])[1], self._store)

    def copy(self, told: Callable[[int], None] = lambda _: None) -> int:
        """Write all that the store holds by now to the new topic and return the last position.

        `told` gets the number of events of each transaction. Raise `InDoubtError`, kafka-python's
        errors, and what `check_tails` does where the new topic holds something else.
        """
        with Transactions(self._connection, self.new.events, limit_s=_LIMIT_S) as kafka:
            end_leftovers(kafka, self._connection, [self.new.events])
            return self._write_on(kafka, self._written(), told)

    def switch(self) -> None:
        """Switch to the new topic. Raise `NotSwitchedError`.

        The relay that was fenced may begin anew before it sees that another is at work; then this
        is fenced, and tries again.
        """
        for _ in range(_TRIES):
            try:
                if self._said(self.old).generation >= self.new.generation:
                    return
                self._switch()
            except (KafkaError, InDoubtError) as error:
                _log.info("The switch is tried again: %r", error.__cause__ or error)
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
            said = self._said(self.old)
            if said.generation >= self.new.generation:
                return
            # From here on a relay that begins anew sees another at work, and stands by.
            kafka.commit([as_record(self.old, mark(said.position, self.old))])
            with closing(open_consumer(self._connection)) as consumer:
                is_there = self.old.events in consumer.topics()
                ends = partitions_of(consumer, [self.old.events]) if is_there else []
            if is_there:
                kafka.end_leftovers([self.old.events])
            end_leftovers(kafka, self._connection, [self.new.events])
            position = self._write_on(kafka, self._written())
            if position < said.position:
                raise KafkaAheadError
            last = [continued(one.topic, one.partition, self.new.events) for one in ends]
            kafka.commit([*last, as_record(self.old, mark(position, self.new, left=True))])

    def _write_on(
        self, kafka: Transactions, after: int, told: Callable[[int], None] = lambda _: None
    ) -> int:
        """Write what the store has after a position, until no full lot waits."""
        with ReadAhead(self._store, self.new.events, after=after, limit=_BATCH) as lots:
            while lot := lots.next():
                lots.read_on()
                kafka.commit(lot.records)
                after = lot.position
                told(len(lot.records))
                if not lots.is_behind:
                    break
        return after

    def _written(self) -> int:
        """Return how far the new topic is, after checking that it ends as the store says."""
        with closing(open_consumer(self._connection)) as consumer:
            tail = self._tail(consumer, self.new)
            newest = max((int(header(one, "notification_id")) for one in tail), default=0)
            check_tails(consumer, self.new, self._store, newest)
        return newest

    def _said(self, names: TopicNames) -> RelayPosition:
        with closing(open_consumer(self._connection)) as consumer:
            return read_position(consumer, names) or RelayPosition(0, "", "")

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
