"""The inbox: what partners post to Kafka instead of over HTTP.

Kafka may give a record twice; the store takes the same (sender, event id) once. Answers, dead
letters and the position in the inbox are one Kafka transaction, so that each record is answered
once. Between the two a crash leaves a record stored and not answered; it is then read again, and
its answer says `duplicate`. What can't be accepted becomes a dead letter, and the next record is
taken. Only a store that does not answer holds the inbox up.
"""

import logging
import random
import traceback
from collections.abc import Callable, Sequence
from secrets import token_hex
from threading import Event as Signal
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import ConsumerGroupMetadata, OffsetAndMetadata

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer, subscribe
from tracker.adapters.kafka.inbox.inbox_answers import accepted, rejected
from tracker.adapters.kafka.inbox.inbox_records import InboxReader, InboxRecord, KeyRing
from tracker.adapters.kafka.inbox.sealed_actor import ActorSeal
from tracker.adapters.kafka.reader.membership import Membership, StuckMemberError
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import InDoubtError, Transactions
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import TrackerError

_log = logging.getLogger(__name__)

_BATCH = 200
_POLL_MS = 250
_ANSWER_MS = 10_000
_TRANSACTION_S = 15.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0

Handle = Callable[[Sequence[Envelope]], Sequence[Accepted | TrackerError]]
"""Carries posts out and tells of each, in order, what became of it: `Tracker.handle`."""


class Inbox:
    """Takes records from the inbox until it is stopped; several workers share it."""

    def __init__(
        self,
        connection: KafkaConnection,
        names: TopicNames,
        *,
        handle: Handle,
        keys: KeyRing,
        secret: bytes,
        watch: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Hand posts to `handle`; `watch` is told the outcome of each, when it was answered."""
        self._connection = connection
        self._names = names
        self._handle = handle
        self._seal = ActorSeal(secret)
        self._reading = InboxReader(keys, self._seal)
        self._watch = watch
        self._id = f"{names.inbox}-{token_hex(8)}"
        self._stopping = Signal()

    def stop(self) -> None:
        """Let the batch at hand be answered, then end."""
        self._stopping.set()

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Take what comes; Kafka or a store that does not answer is waited for.

        Raise whatever it did not expect.
        """
        pause = _FIRST_PAUSE_S
        sessions = 0
        consumer: KafkaConsumer | None = None
        try:
            while not self._ended(stopping):
                try:
                    consumer = consumer or self._subscribed()
                    with Transactions(
                        self._connection, self._id, limit_s=_TRANSACTION_S
                    ) as transactions:
                        if sessions:  # the id is this process's own, so the first left nothing
                            transactions.end_leftovers(
                                [self._names.answers, self._names.dead_letters]
                            )
                        sessions += 1
                        _rewind(consumer)
                        membership = Membership(consumer)
                        while not self._ended(stopping):
                            wait_ms = membership.poll_ms(_POLL_MS)
                            if self._take_batch(consumer, transactions, wait_ms):
                                pause = _FIRST_PAUSE_S
                except (KafkaError, InDoubtError, StoreUnavailableError) as error:
                    if consumer is not None and isinstance(error, StuckMemberError):
                        consumer.close()
                        consumer = None
                    _log.warning("The inbox tries again: %r", error.__cause__ or error)
                    self._rest(pause * random.uniform(0.5, 1.5), stopping)  # noqa: S311  no secret
                    pause = min(2 * pause, _LONGEST_PAUSE_S)
        finally:
            if consumer is not None:
                consumer.close()

    def _subscribed(self) -> KafkaConsumer:
        consumer = open_consumer(
            self._connection,
            group=self._names.inbox,
            auto_offset_reset="earliest",
            max_poll_records=_BATCH,
        )
        try:
            subscribe(consumer, self._names.inbox)
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _take_batch(
        self, consumer: KafkaConsumer, transactions: Transactions, wait_ms: int
    ) -> bool:
        polled = consumer.poll(timeout_ms=wait_ms)
        if not polled:
            return False
        member: ConsumerGroupMetadata = consumer.group_metadata()
        letters = [self._reading.letter(record) for part in polled.values() for record in part]
        outcomes, answers = self._carried_out(letters)
        places = {
            partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)
            for partition, records in polled.items()
        }
        transactions.commit(answers, (places, member))
        for outcome in outcomes:
            self._watch(outcome)
        return True

    def _carried_out(self, letters: Sequence[InboxRecord]) -> tuple[list[str], list[Outgoing]]:
        posts = [(letter, letter.post) for letter in letters if letter.post]
        results = dict(zip((id(one) for one, _ in posts), self._results(posts), strict=True))
        outcomes: list[str] = []
        answers: list[Outgoing] = []
        for letter in letters:
            result = results.get(id(letter), letter.error)
            if isinstance(result, Accepted):
                outcomes.append("duplicate" if result.duplicate else "created")
                answers += accepted(self._names, letter, result)
            else:
                outcomes.append("rejected")
                error = result or RuntimeError()
                answers += rejected(self._names, letter, error, self._seal)
        return outcomes, answers

    def _results(
        self, posts: Sequence[tuple[InboxRecord, Envelope]]
    ) -> Sequence[Accepted | Exception]:
        """Carry the posts out together; where that fails, each alone, to find the one at fault."""
        try:
            return self._handle([post for _, post in posts]) if posts else []
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  one of the records is at fault
            _log.warning("A batch of the inbox failed at %s; one by one now.", _place(error))
        return [self._alone(letter, post) for letter, post in posts]

    def _alone(self, letter: InboxRecord, post: Envelope) -> Accepted | Exception:
        try:
            return self._handle([post])[0]
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  it becomes a dead letter
            record = letter.record
            _log.error(
                "Record %s of partition %s of the inbox cannot be taken: %s",
                record.offset,
                record.partition,
                _place(error),
            )
            return error

    def _rest(self, seconds: float, stopping: Callable[[], bool]) -> None:
        until = monotonic() + seconds
        while not self._ended(stopping) and (left := until - monotonic()) > 0:
            self._stopping.wait(min(left, 0.2))

    def _ended(self, stopping: Callable[[], bool]) -> bool:
        return self._stopping.is_set() or stopping()


def _place(error: Exception) -> str:
    """Return what happened and where, without what the error says."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}"


def _rewind(consumer: Any) -> None:  # noqa: ANN401  kafka-python has no types
    """Go back to what was answered last: what was polled after it counts as not read."""
    partitions: set[TopicPartition] = consumer.assignment()
    for partition in partitions:
        place = consumer.committed(partition, timeout_ms=_ANSWER_MS)
        if place is None:
            place = consumer.beginning_offsets([partition], timeout_ms=_ANSWER_MS)[partition]
        consumer.seek(partition, place)
