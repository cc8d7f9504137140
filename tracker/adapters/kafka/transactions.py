"""Transactions on Kafka that are whole or not there, whatever happens to whoever sends them.

kafka-python's producer alone does not promise that: what times out inside a transaction leaves it
ready to be committed with a hole; a commit has no time-out; and what an application sends again
cannot be told from what it sent before. So here every record's own result is looked at before the
commit, the commit is waited for only so long, and after the first doubt the producer is thrown
away. Its successor, by `init_transactions`, ends what Kafka's coordinator knows of and fences it.

The coordinator can forget (a full disk, a late record): then a partition holds records of a dead
session that no coordinator will end, and the next commit of the same producer id would commit them
too. `end_leftovers` prevents that: it aborts a transaction in each partition. The abort marker of
the same producer id ends every older record of it, and its epoch keeps every later one out.
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

_FENCE = b"fence"

Offsets = tuple[Mapping[TopicPartition, OffsetAndMetadata], ConsumerGroupMetadata]
"""Positions of a consumer group, and which member of it sets them."""


class InDoubtError(TrackerError):
    """Nobody can tell whether Kafka has this transaction; look there and start anew."""


class Transactions:
    """The one producer of a `transactional_id`; entering fences whoever had it before."""

    def __init__(
        self, connection: KafkaConnection, transactional_id: str, *, limit_s: float
    ) -> None:
        """Return each transaction so many seconds, from its first record to its commit."""
        self._connection = connection
        self._id = transactional_id
        self._limit_s = limit_s
        self._producer: KafkaProducer | None = None

    def __enter__(self) -> Self:
        """Take the id over. Raises kafka-python's errors where Kafka does not answer."""
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
        """Let the producer go."""
        self.discard()

    def end_leftovers(self, topics: Iterable[str]) -> Mapping[TopicPartition, int]:
        """Abort what a dead session of this id left open anywhere in these topics.

        Return the offset of the aborted record that this wrote to each partition. Raises
        `InDoubtError`; after that this object is of no use any more.
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
                one: producer.send(one.topic, partition=one.partition, key=_FENCE, value=b"")
                for one in partitions
            }
            _flush(producer, sent.values(), deadline)
            self._within(deadline, lambda producer: producer.abort_transaction())
        except (KafkaError, RuntimeError) as error:
            self.discard()
            raise InDoubtError from error
        except BaseException:
            self.discard()
            raise
        return {one: future.value.offset for one, future in sent.items()}

    def commit(self, records: Iterable[Outgoing], offsets: Offsets | None = None) -> None:
        """Send the records, and the positions of a consumer group, as one transaction.

        Raise `InDoubtError`; after that this object is of no use any more.
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
        """Throw the producer away as it is: nothing more is sent, nothing is committed."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        for _ in range(2):  # the first time it gives up where records have not been sent yet
            with suppress(KafkaError):
                producer.close(timeout=0)
                break
            producer._sender.force_close()  # noqa: SLF001  `close` ends before it does this
            producer._sender.join(1)  # noqa: SLF001

    def _send(self, records: Iterable[Outgoing], deadline: float) -> None:
        producer = self._open_producer()
        producer.begin_transaction()
        sent = [
            producer.send(
                one.topic,
                key=one.key,
                value=one.value,
                headers=one.headers,
                partition=one.partition,
            )
            for one in records
        ]
        _flush(producer, sent, deadline)

    def _within(self, deadline: float, action: Callable[[KafkaProducer], None]) -> None:
        """Let the action have the time that is left; whoever hangs longer is left behind."""
        producer, ended = self._open_producer(), Signal()
        failed: list[BaseException] = []

        def act() -> None:
            try:
                action(producer)
            except BaseException as error:  # noqa: BLE001  raised again where it is waited for
                failed.append(error)
            finally:
                ended.set()

        Thread(target=act, name=f"end-{self._id}", daemon=True).start()
        if not ended.wait(max(0.0, deadline - monotonic())):
            _log.warning("The end of a transaction of %s takes longer than it may.", self._id)
            raise KafkaTimeoutError
        if failed:
            raise failed[0]

    def _open_producer(self) -> KafkaProducer:
        if self._producer is None:
            raise InDoubtError
        return self._producer


def _flush(producer: Any, sent: Iterable[Any], deadline: float) -> None:  # noqa: ANN401  as below
    """Send what waits and look at every record's own result."""
    producer.flush(timeout=max(0.0, deadline - monotonic()))
    for future in sent:
        if not future.succeeded():
            raise future.exception or KafkaTimeoutError


def _finish(producer: Any, offsets: Offsets | None) -> None:  # noqa: ANN401  it has no types
    if offsets:
        producer.send_offsets_to_transaction(dict(offsets[0]), offsets[1])
    producer.commit_transaction()
