"""The relay: publishes the store's events to Kafka, each once, in the order of the store.

One relay publishes at a time. Kafka's fencing alone guarantees this. The rules of this module only
prevent two healthy relays from fencing each other without end.

A relay stands by if it was fenced, or if the last position in Kafka names another relay. It watches
that position, and takes over when events have waited for `stand_by_s` seconds and the position has
not changed. `stand_by_s` must be longer than a transaction may take, so that a slow relay is not
taken for dead. A lock in the database would not work, because a frozen relay would keep it.

A relay that stops normally marks its last position with `left`. The next relay then starts at once,
and so does a relay with the name in the last position.
"""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from secrets import token_hex
from threading import Event as Signal
from time import monotonic

from eventsourcing.persistence import PersistenceError
from kafka.errors import KafkaError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import Outgoing, recorded_at
from tracker.adapters.kafka.relay.read_ahead import ReadAhead, StoreBatch
from tracker.adapters.kafka.relay.relay_proof import checked_position, end_leftovers
from tracker.adapters.kafka.relay_position import (
    KafkaAheadError,
    Notifications,
    RelayPosition,
    as_record,
    current_names,
    read_position,
)
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import InDoubtError, Transactions

_log = logging.getLogger(__name__)

_TROUBLES = (KafkaError, InDoubtError, PersistenceError)
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


class RelayCondition(StrEnum):
    """What a relay is doing."""

    PUBLISHING = "publishing"
    STANDING_BY = "standing_by"
    IN_TROUBLE = "in_trouble"


@dataclass(frozen=True)
class RelayState:
    """The progress of a relay.

    `position` is the last event in Kafka and `head` the last event in the store. `oldest_waiting_s`
    is the number of seconds that the next event has waited.
    """

    condition: RelayCondition
    position: int
    head: int
    oldest_waiting_s: float = 0.0

    @property
    def lag(self) -> int:
        """The number of positions that Kafka is behind the store."""
        return max(0, self.head - self.position)


@dataclass(frozen=True)
class RelayTimes:
    """The relay's time limits in seconds, and the maximum number of events in a transaction.

    `rest_s` is the pause between two transactions when no full batch waits. Events that arrive in
    the pause share the cost of one transaction. It is also the longest delay until the relay finds
    an event.
    """

    transaction_s: float = 10.0
    stand_by_s: float = 20.0
    look_again_s: float = 0.2
    rest_s: float = 0.02
    batch: int = 500


class Relay:
    """Publishes the events of the store, or stands by while another relay publishes."""

    def __init__(
        self,
        store: Notifications,
        connection: KafkaConnection,
        names: TopicNames,
        *,
        name: str,
        now: Callable[[], datetime],
        watch: Callable[[RelayState], None] = lambda _: None,
        times: RelayTimes = RelayTimes(),
        epoch: Callable[[], int] = lambda: 0,
    ) -> None:
        """Read this store. `name` is unique among the relays and stays the same after a restart.

        `epoch` returns the epoch of the store. `watch` is called with the state after every
        transaction. The store's head in that state is at most `look_again_s` seconds old.
        """
        self._store = store
        self._connection = connection
        self._names = names
        self._name = name
        self._now = now
        self._watch = watch
        self._times = times
        self._epoch_now = epoch
        self._epoch = 0
        self._session = ""
        self._announced: set[str] = set()
        self._position = 0
        self._head, self._age, self._look_again_at = 0, 0.0, 0.0
        self._wake_up = Signal()
        self._ending = False

    def wake(self) -> None:
        """Make the relay read the store at once."""
        self._wake_up.set()

    def stop(self) -> None:
        """Finish the current transaction, then end."""
        self._ending = True
        self._wake_up.set()

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Publish until stopped. While Kafka or the database does not answer, wait and retry.

        Raise `KafkaAheadError` and `PositionUnsureError`, which need an operator, and all
        unexpected errors.
        """
        pause = _FIRST_PAUSE_S
        while not self._ended(stopping):
            try:
                if self._my_turn(stopping):
                    self._publish(stopping)
                pause = _FIRST_PAUSE_S
            except _TROUBLES as error:
                _log.warning("The relay starts again after an error: %r", error.__cause__ or error)
                self._rest(RelayCondition.IN_TROUBLE, pause * random.uniform(0.5, 1.5), stopping)  # noqa: S311  no secret
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _my_turn(self, stopping: Callable[[], bool]) -> bool:
        """Wait until this relay may publish. Return `False` if it is stopped before that."""
        consumer = open_consumer(self._connection)
        try:
            seen: RelayPosition | None = None
            since = monotonic()
            while not self._ended(stopping):
                last = read_position(consumer, self._names)
                self._check_epoch(last)
                if last is None or last.left or self._is_mine(last):
                    return True
                self._position = last.position
                head = self._store.max_notification_id() or 0
                if last != seen or head <= last.position:
                    seen, since = last, monotonic()
                elif monotonic() - since >= self._times.stand_by_s:
                    _log.warning("%s makes no progress. %s takes over.", last.relay, self._name)
                    return True
                self._rest(
                    RelayCondition.STANDING_BY, min(1.0, self._times.stand_by_s / 4), stopping
                )
            return False
        finally:
            consumer.close()

    def _check_epoch(self, last: RelayPosition | None) -> None:
        """Raise `KafkaAheadError` if a later epoch of the store wrote to Kafka."""
        self._epoch = self._epoch_now()
        if last and last.epoch > self._epoch:
            message = (
                f"Epoch {last.epoch} of the store wrote to Kafka, but this store has epoch"
                f" {self._epoch}: an old backup was restored. Nothing is published."
            )
            raise KafkaAheadError(message)

    def _is_mine(self, last: RelayPosition) -> bool:
        """Return whether this relay wrote the last position.

        Until this process has published, the name decides. After that the session must match.
        """
        return last.session in self._announced if self._announced else last.relay == self._name

    def _publish(self, stopping: Callable[[], bool]) -> None:
        kafka = Transactions(self._connection, self._names.relay, limit_s=self._times.transaction_s)
        with kafka:  # no other relay can publish now, so the positions read below stay valid
            with closing(open_consumer(self._connection)) as consumer:
                end_leftovers(kafka, self._connection, [self._names.relay_positions])
                self._names = names = current_names(consumer, self._names)
                end_leftovers(kafka, self._connection, [names.events])
                self._position = checked_position(consumer, names, self._store)
            self._session = token_hex(8)
            kafka.commit([self._mark()])
            self._announced.add(self._session)
            _log.info("%s publishes the events after position %s.", self._name, self._position)
            with ReadAhead(
                self._store, names.events, after=self._position, limit=self._times.batch
            ) as batches:
                while not self._ended(stopping):
                    if not self._publish_next(kafka, batches):
                        self._wake_up.wait(self._times.rest_s)
                        self._wake_up.clear()
            kafka.commit([self._mark(left=True)])

    def _publish_next(self, kafka: Transactions, batches: ReadAhead) -> bool:
        """Publish the next batch, if any. Return whether it was full, so that more may wait."""
        batch = batches.next()
        if batch:
            kafka.commit(self._records(batch, batches))
            self._position = batch.position
        if monotonic() >= self._look_again_at:
            self._read_head()
            if self._head < self._position:
                raise KafkaAheadError
        self._report(RelayCondition.PUBLISHING)
        return batches.is_behind

    def _records(self, batch: StoreBatch, batches: ReadAhead) -> Iterator[Outgoing]:
        """Yield the records of one transaction, then read ahead while Kafka writes them."""
        yield from batch.records
        yield self._mark(batch.position)
        batches.read_on()

    def _mark(self, position: int | None = None, *, left: bool = False) -> Outgoing:
        mark = RelayPosition(
            self._position if position is None else position,
            self._name,
            self._session,
            left=left,
            epoch=self._epoch,
            generation=self._names.generation,
        )
        return as_record(self._names, mark)

    def _read_head(self) -> None:
        """Read the store's head and compute how long the next event has waited."""
        self._look_again_at = monotonic() + self._times.look_again_s
        self._head = self._store.max_notification_id() or 0
        self._age = 0.0
        if self._head > self._position:
            [waiting] = self._store.select_notifications(
                self._position, 1, inclusive_of_start=False
            )
            stored_at = datetime.fromisoformat(recorded_at(waiting.state))
            self._age = max(0.0, (self._now() - stored_at).total_seconds())

    def _report(self, condition: RelayCondition) -> None:
        age = self._age if self._head > self._position else 0.0
        self._watch(RelayState(condition, self._position, self._head, age))

    def _rest(
        self, condition: RelayCondition, seconds: float, stopping: Callable[[], bool]
    ) -> None:
        until = monotonic() + seconds
        while not self._ended(stopping) and (left := until - monotonic()) > 0:
            with suppress(PersistenceError):
                self._read_head()
                self._report(condition)
            self._wake_up.wait(min(left, self._times.look_again_s))
            self._wake_up.clear()

    def _ended(self, stopping: Callable[[], bool]) -> bool:
        return self._ending or stopping()
