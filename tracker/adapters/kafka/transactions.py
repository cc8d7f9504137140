"""Atomic transactions on Kafka: all records are committed or none, even if the sender crashes.

kafka-python's producer does not guarantee this. If a record times out, the transaction can still be
committed without that record. A commit has no timeout. A record that the application sends again
looks like a new record. So this module checks the result of every record before the commit, limits
the time of the commit, and discards the producer after the first doubtful result. The next producer
calls `init_transactions`, which aborts the open transaction that Kafka's coordinator knows of and
fences the old producer.

The coordinator can lose a transaction (full disk, late record). A partition then holds open records
of a dead session, and the next commit of the same producer id would commit them too.
`end_leftovers` prevents this: it aborts a transaction in each partition. This abort marker also
aborts all older open records of the producer id. Its epoch makes the broker reject later ones.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Event as Signal
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.structs import ConsumerGroupMetadata, OffsetAndMetadata

from tracker.adapters.kafka.connection import KafkaConnection, open_producer
from tracker.adapters.kafka.records import Outgoing
from tracker.domain.errors import TrackerError

_log = logging.getLogger(__name__)

_FENCING_KEY = b"fence"

Offsets = tuple[Mapping[TopicPartition, OffsetAndMetadata], ConsumerGroupMetadata]
"""Offsets of a consumer group, and the group member that commits them."""


class InDoubtError(TrackerError):
    """It is unknown whether Kafka committed this transaction. Read the topics and try again."""


class Transactions:
    """The only producer of a `transactional_id`. Entering the context fences the previous one."""

    def __init__(
        self, connection: KafkaConnection, transactional_id: str, *, limit_s: float
    ) -> None:
        """Limit each transaction to `limit_s` seconds from its first record to its commit."""
        self._connection = connection
        self._id = transactional_id
        self._limit_s = limit_s
        self._producer: KafkaProducer | None = None

    def __enter__(self) -> Self:
        """Take over the transactional id. Raise kafka-python's errors if Kafka does not answer."""
        producer = open_producer(self._connection, transactional_id=self._id, limit_s=self._limit_s)
        self._producer = producer
        try:
            producer.init_transactions()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Discard the producer."""
        self.discard()

    def end_leftovers(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        """Abort the transactions that dead sessions of this id left open in these topics.

        Return the offset of the aborted record that this call wrote to each partition. Raise
        `InDoubtError`; after that this object cannot be used again.
        """
        deadline = monotonic() + self._limit_s
        try:
            producer = self._open_producer()
            partitions = [
                TopicPartition(topic, number)
                for topic in topics
                for number in sorted(producer.partitions_for(topic))
            ]
            producer.begin_transaction()
            sent = {
                to: producer.send(to.topic, partition=to.partition, key=_FENCING_KEY, value=b"")
                for to in partitions
            }
            _flush(producer, sent.values(), deadline)
            self._within(deadline, lambda producer: producer.abort_transaction())
        except (KafkaError, RuntimeError) as error:
            self.discard()
            raise InDoubtError from error
        except BaseException:
            self.discard()
            raise
        return {partition: future.value.offset for partition, future in sent.items()}

    def commit(self, records: Iterable[Outgoing], offsets: Offsets | None = None) -> None:
        """Send the records and the offsets of a consumer group in one transaction.

        Raise `InDoubtError`; after that this object cannot be used again.
        """
        deadline = monotonic() + self._limit_s
        try:
            self._send(records, deadline)
            self._within(deadline, lambda producer: _finish(producer, offsets))
        except (KafkaError, RuntimeError) as error:
            self.discard()
            raise InDoubtError from error
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Close the producer at once. It sends and commits nothing more."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        for _ in range(2):  # the first call fails if there are unsent records
            with suppress(KafkaError):
                producer.close(timeout=0)
                break
            producer._sender.force_close()  # noqa: SLF001  a failed `close` skips this
            producer._sender.join(1)  # noqa: SLF001

    def _send(self, records: Iterable[Outgoing], deadline: float) -> None:
        producer = self._open_producer()
        producer.begin_transaction()
        sent = [
            producer.send(
                record.topic,
                key=record.key,
                value=record.value,
                headers=record.headers,
                partition=record.partition,
            )
            for record in records
        ]
        _flush(producer, sent, deadline)

    def _within(self, deadline: float, action: Callable[[KafkaProducer], None]) -> None:
        """Run the action until the deadline at most. Its thread is abandoned after that."""
        producer, ended = self._open_producer(), Signal()
        failed: list[BaseException] = []

        def act() -> None:
            try:
                action(producer)
            except BaseException as error:  # noqa: BLE001  raised again in the caller's thread
                failed.append(error)
            finally:
                ended.set()

        Thread(target=act, name=f"end-{self._id}", daemon=True).start()
        if not ended.wait(max(0.0, deadline - monotonic())):
            _log.warning("Ending a transaction of %s exceeded its time limit.", self._id)
            raise KafkaTimeoutError
        if failed:
            raise failed[0]

    def _open_producer(self) -> KafkaProducer:
        if self._producer is None:
            raise InDoubtError
        return self._producer


def _flush(producer: Any, sent: Iterable[Any], deadline: float) -> None:  # noqa: ANN401  kafka-python has no types
    """Send all waiting records. Raise the error of the first record that failed."""
    producer.flush(timeout=max(0.0, deadline - monotonic()))
    for future in sent:
        if not future.succeeded():
            raise future.exception or KafkaTimeoutError


def _finish(producer: Any, offsets: Offsets | None) -> None:  # noqa: ANN401  kafka-python has no types
    if offsets:
        producer.send_offsets_to_transaction(dict(offsets[0]), offsets[1])
    producer.commit_transaction()
