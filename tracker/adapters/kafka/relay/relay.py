"""The relay: brings the store's events to Kafka, each once, in the order of the store.

One relay publishes at a time. What makes that safe is Kafka's fencing and nothing else; what
follows here only keeps two healthy relays from fencing each other for ever. A relay that has lost
its place, or finds another's name in the last position, stands by: it looks at how far the other
is, and takes over when events have waited for `stand_by_s` and the position did not move. A lock in
the database would not do: a relay that is frozen keeps it. `stand_by_s` must be longer than a
transaction may take, so that one who still gets on is never taken for dead. Who stops in order says
so in its last position, and who starts again under the name that stands there begins at once.
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
    """Where a relay is: the last event in Kafka, the last in the store, and how long one waits."""

    standing: RelayCondition
    position: int
    head: int
    oldest_waiting_s: float = 0.0

    @property
    def lag(self) -> int:
        """How far Kafka is behind the store."""
        return max(0, self.head - self.position)


@dataclass(frozen=True)
class RelayTimes:
    """How patient a relay is, in seconds, and how many events make a transaction at most.

    `rest_s`: between two transactions where no more waits than goes into one, so that what comes
    meanwhile shares the costs of the next; it is also how soon an event is found.
    """

    transaction_s: float = 10.0
    stand_by_s: float = 20.0
    look_again_s: float = 0.2
    rest_s: float = 0.02
    batch: int = 500


class Relay:
    """Publishes what the store holds, or stands by for another that does."""

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
        """Read this store; `name` tells this relay from others and survives its restart.

        `epoch` is the epoch of the store.

        `watch` is told the state after every transaction; how far the store is, as it was
        `look_again_s` before at most.
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
        self._head, self._age, self._look_at = 0, 0.0, 0.0
        self._signal = Signal()
        self._ending = False

    def wake(self) -> None:
        """Let the relay look at the store at once."""
        self._signal.set()

    def stop(self) -> None:
        """Let the transaction at hand be finished, then end."""
        self._ending = True
        self._signal.set()

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Publish until told to stop; Kafka or a database that does not answer is waited for.

        Raise `KafkaAheadError` and `PositionUnsureError`, which only a person can put right, and
        whatever else it did not expect.
        """
        pause = _FIRST_PAUSE_S
        while not self._ended(stopping):
            try:
                if self._my_turn(stopping):
                    self._publish(stopping)
                pause = _FIRST_PAUSE_S
            except _TROUBLES as error:
                _log.warning("The relay begins anew: %r", error.__cause__ or error)
                self._rest(RelayCondition.IN_TROUBLE, pause * random.uniform(0.5, 1.5), stopping)  # noqa: S311  no secret
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    # -------------------------------------------------------------- whose turn

    def _my_turn(self, stopping: Callable[[], bool]) -> bool:
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
                    _log.warning("%s does not get on; %s takes over.", last.relay, self._name)
                    return True
                self._rest(
                    RelayCondition.STANDING_BY, min(1.0, self._times.stand_by_s / 4), stopping
                )
            return False
        finally:
            consumer.close()

    def _check_epoch(self, last: RelayPosition | None) -> None:
        """Raise `KafkaAheadError` where a later epoch of the store wrote to Kafka."""
        self._epoch = self._epoch_now()
        if last and last.epoch > self._epoch:
            message = (
                f"Kafka was written by epoch {last.epoch} of the store, and this is its epoch"
                f" {self._epoch}: an old backup was put back. Nothing is published."
            )
            raise KafkaAheadError(message)

    def _is_mine(self, last: RelayPosition) -> bool:
        """Return whether nobody else came between: a name is enough only for who has just begun."""
        return last.session in self._announced if self._announced else last.relay == self._name

    # -------------------------------------------------------------- publishing

    def _publish(self, stopping: Callable[[], bool]) -> None:
        kafka = Transactions(self._connection, self._names.relay, limit_s=self._times.transaction_s)
        with kafka:  # from here on nobody else publishes, so that what is read now stays true
            with closing(open_consumer(self._connection)) as consumer:
                end_leftovers(kafka, self._connection, [self._names.relay_positions])
                self._names = names = current_names(consumer, self._names)
                end_leftovers(kafka, self._connection, [names.events])
                self._position = checked_position(consumer, names, self._store)
            self._session = token_hex(8)
            kafka.commit([self._mark()])
            self._announced.add(self._session)
            _log.info("%s publishes from %s on.", self._name, self._position)
            with ReadAhead(
                self._store, names.events, after=self._position, limit=self._times.batch
            ) as lots:
                while not self._ended(stopping):
                    if not self._publish_next(kafka, lots):
                        self._signal.wait(self._times.rest_s)
                        self._signal.clear()
            kafka.commit([self._mark(left=True)])

    def _publish_next(self, kafka: Transactions, lots: ReadAhead) -> bool:
        """Publish what there is; tell whether more waits than goes into one transaction."""
        lot = lots.next()
        if lot:
            kafka.commit(self._records(lot, lots))
            self._position = lot.position
        if monotonic() >= self._look_at:
            self._look()
            if self._head < self._position:
                raise KafkaAheadError
        self._tell(RelayCondition.PUBLISHING)
        return lots.is_behind

    def _records(self, lot: StoreBatch, lots: ReadAhead) -> Iterator[Outgoing]:
        """Return what makes one transaction; the next lot is read while Kafka writes this one."""
        yield from lot.records
        yield self._mark(lot.position)
        lots.read_on()

    def _mark(self, position: int | None = None, *, left: bool = False) -> Outgoing:
        at = self._position if position is None else position
        mark = RelayPosition(
            at,
            self._name,
            self._session,
            left=left,
            epoch=self._epoch,
            generation=self._names.generation,
        )
        return as_record(self._names, mark)

    # ---------------------------------------------------------------- the rest

    def _look(self) -> None:
        """See how far the store is, and for how long what comes next has waited."""
        self._look_at = monotonic() + self._times.look_again_s
        self._head = self._store.max_notification_id() or 0
        self._age = 0.0
        if self._head > self._position:
            [waiting] = self._store.select_notifications(
                self._position, 1, inclusive_of_start=False
            )
            stored_at = datetime.fromisoformat(recorded_at(waiting.state))
            self._age = max(0.0, (self._now() - stored_at).total_seconds())

    def _tell(self, standing: RelayCondition) -> None:
        age = self._age if self._head > self._position else 0.0
        self._watch(RelayState(standing, self._position, self._head, age))

    def _rest(self, standing: RelayCondition, seconds: float, stopping: Callable[[], bool]) -> None:
        until = monotonic() + seconds
        while not self._ended(stopping) and (left := until - monotonic()) > 0:
            with suppress(PersistenceError):
                self._look()
                self._tell(standing)
            self._signal.wait(min(left, self._times.look_again_s))
            self._signal.clear()

    def _ended(self, stopping: Callable[[], bool]) -> bool:
        return self._ending or stopping()
