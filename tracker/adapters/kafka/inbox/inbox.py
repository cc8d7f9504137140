"""The inbox: commands that partners send through Kafka instead of over HTTP.

Kafka can deliver a record twice, but the store executes each pair of sender and event id once.
Answers, dead letters and the inbox offsets are written in one Kafka transaction, so each record
gets one answer. If the process crashes after the store and before the answer, the record is read
again and its answer says `duplicate`. A record that cannot be accepted becomes a dead letter, and
the inbox continues with the next one. Only a store that does not answer stops the inbox.
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
"""Executes envelopes and returns the results in the same order: `Tracker.handle`."""


class Inbox:
    """Processes inbox records until it is stopped. Several workers can share the inbox."""

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
        """Pass envelopes to `handle`. `watch` gets the outcome of each answered record."""
        self._connection = connection
        self._names = names
        self._handle = handle
        self._seal = ActorSeal(secret)
        self._reader = InboxReader(keys, self._seal)
        self._watch = watch
        self._id = f"{names.inbox}-{token_hex(8)}"
        self._stopping = Signal()

    def stop(self) -> None:
        """Answer the current batch, then end."""
        self._stopping.set()

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Process records until stopped. While Kafka or the store does not answer, wait and retry.

        Raise all unexpected errors.
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
                        if sessions:  # the id is new in this process, so no session came before
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
                    _log.warning(
                        "The inbox starts again after an error: %r", error.__cause__ or error
                    )
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
        inbox_records = [
            self._reader.read(record) for records in polled.values() for record in records
        ]
        outcomes, answers = self._execute(inbox_records)
        offsets = {
            partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)
            for partition, records in polled.items()
        }
        transactions.commit(answers, (offsets, member))
        for outcome in outcomes:
            self._watch(outcome)
        return True

    def _execute(self, inbox_records: Sequence[InboxRecord]) -> tuple[list[str], list[Outgoing]]:
        """Execute the commands. Return the outcome of each record, and the records to send."""
        executable = [
            (inbox_record, inbox_record.envelope)
            for inbox_record in inbox_records
            if inbox_record.envelope
        ]
        results = dict(
            zip(
                (id(inbox_record) for inbox_record, _ in executable),
                self._results(executable),
                strict=True,
            )
        )
        outcomes: list[str] = []
        answers: list[Outgoing] = []
        for inbox_record in inbox_records:
            result = results.get(id(inbox_record), inbox_record.error)
            if isinstance(result, Accepted):
                outcomes.append("duplicate" if result.duplicate else "created")
                answers += accepted(self._names, inbox_record, result)
            else:
                outcomes.append("rejected")
                error = result or RuntimeError()
                answers += rejected(self._names, inbox_record, error, self._seal)
        return outcomes, answers

    def _results(
        self, executable: Sequence[tuple[InboxRecord, Envelope]]
    ) -> Sequence[Accepted | Exception]:
        """Execute all envelopes as one batch. If it fails, execute each alone."""
        try:
            return self._handle([envelope for _, envelope in executable]) if executable else []
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  each record is tried alone below
            _log.warning(
                "A batch of the inbox failed with %s. Its records are now tried one by one.",
                _place(error),
            )
        return [
            self._execute_alone(inbox_record, envelope) for inbox_record, envelope in executable
        ]

    def _execute_alone(self, inbox_record: InboxRecord, envelope: Envelope) -> Accepted | Exception:
        try:
            return self._handle([envelope])[0]
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  the record becomes a dead letter
            record = inbox_record.record
            _log.error(
                "Record %s of partition %s of the inbox cannot be processed: %s",
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
    """Return the error's class and place in the code, without its message."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {frame.filename}:{frame.lineno}"


def _rewind(consumer: Any) -> None:  # noqa: ANN401  kafka-python has no types
    """Seek to the committed offsets, so that unanswered records are read again."""
    partitions: set[TopicPartition] = consumer.assignment()
    for partition in partitions:
        offset = consumer.committed(partition, timeout_ms=_ANSWER_MS)
        if offset is None:
            offset = consumer.beginning_offsets([partition], timeout_ms=_ANSWER_MS)[partition]
        consumer.seek(partition, offset)
