"""Reads the partitions of a topic from given positions, alone or as a member of a group."""

from collections.abc import Mapping, Sequence
from threading import Event as Signal
from threading import Lock
from time import monotonic
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import (
    IllegalStateError,
    KafkaTimeoutError,
    NoOffsetForPartitionError,
    UnknownTopicOrPartitionError,
)

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer, subscribe
from tracker.adapters.kafka.reader.membership import Membership, StuckMemberError
from tracker.domain.errors import TrackerError

_MOST_RECORDS_A_POLL = 2000
_BUFFER_RECORDS = 4000
_SLICE_MS = 100
_ANSWER_S = 10.0
_ENDS_KEPT_S = 0.02


class TopicCutError(TrackerError):
    """This topic ends before a position that was already read: it was lost or created again."""


class TopicReader:
    """Reads the committed records of a topic. It connects on first use.

    The caller keeps the positions and passes one to each read. If it differs from the current
    position of this reader, the reader seeks to it. Only `wake` may be called from other threads.
    """

    def __init__(
        self, connection: KafkaConnection, topic: str, *, group: str | None = None
    ) -> None:
        """Share the partitions within `group`. Without a group, read all of them."""
        self._connection = connection
        self._topic = topic
        self._group = group
        self._consumer: KafkaConsumer | None = None
        self._membership: Membership | None = None
        self._wake_up = Signal()
        self._lock = Lock()
        self._just_assigned: set[TopicPartition] = set()
        self._positions: dict[TopicPartition, int] = {}
        self._fetched: dict[TopicPartition, list[Any]] = {}
        self._paused: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self._ends_until = 0.0

    def partitions(self) -> Sequence[TopicPartition]:
        """Return the assigned partitions. Raise kafka-python's errors, as all methods here do."""
        self._poll(_SLICE_MS if self._group and not any(self._fetched.values()) else 0)
        assigned = sorted(self._open().assignment())
        for lost in self._positions.keys() - set(assigned):
            del self._positions[lost], self._fetched[lost]
            self._paused.discard(lost)
        return assigned

    def ready(self) -> Sequence[TopicPartition]:
        """Return the partitions that have fetched records or were just assigned.

        If no partition qualifies, return all: only `read` asks Kafka whether it has more records.
        """
        assigned = self.partitions()
        ready = [
            partition
            for partition in assigned
            if partition in self._just_assigned or self._fetched.get(partition)
        ]
        return ready or assigned

    def ends(self) -> Mapping[TopicPartition, int]:
        """Return the position after the last committed record of each assigned partition."""
        consumer = self._open()
        assigned = list(consumer.assignment())
        if not assigned:
            return {}
        return dict(consumer.end_offsets(assigned, timeout_ms=_ANSWER_S * 1000))

    def begins(self) -> Mapping[TopicPartition, int]:
        """Return the position of the first kept record of each assigned partition."""
        consumer = self._open()
        assigned = list(consumer.assignment())
        if not assigned:
            return {}
        return dict(consumer.beginning_offsets(assigned, timeout_ms=_ANSWER_S * 1000))

    def read(self, partition: TopicPartition, *, after: int, limit: int) -> Sequence[Any]:
        """Return up to `limit` records after this position, or none if the partition was lost.

        A position is the offset after the last record read. Offsets have gaps where transactions
        ended or were aborted. Raise `TopicCutError` if the topic ends before the position.
        """
        try:
            return self._read(partition, after, limit)
        except (IllegalStateError, ValueError):
            if self._is_assigned(partition):
                raise
            return ()

    def wait(self, seconds: float) -> None:
        """Wait for new records or a call of `wake`, at most this number of seconds."""
        until = monotonic() + seconds
        while not self._wake_up.is_set() and (left := until - monotonic()) > 0:
            self._poll(min(_SLICE_MS, int(left * 1000) + 1))
            if self._just_assigned or any(self._fetched.values()):
                break
        self._wake_up.clear()
        self._ends_until = 0.0

    def wake(self) -> None:
        """End a wait at once and make the next read ask Kafka again. Any thread may call this."""
        self._ends_until = 0.0
        self._wake_up.set()

    def pause(self, seconds: float) -> None:
        """Wait for a call of `wake`, at most this number of seconds, without requests to Kafka."""
        self._wake_up.wait(seconds)
        self._wake_up.clear()

    def close(self) -> None:
        """Leave the group, so that other members take over the partitions at once."""
        consumer, self._consumer, self._membership = self._consumer, None, None
        if consumer is not None:
            consumer.close()

    def hold(self, partitions: Sequence[TopicPartition]) -> None:
        """Pause newly assigned partitions until a read gives their start position."""
        consumer = self._consumer
        if consumer is None:
            return
        with self._lock:
            self._just_assigned.update(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        consumer.pause(*partitions)

    def _open(self) -> KafkaConsumer:
        if self._consumer is None:
            consumer = open_consumer(
                self._connection,
                group=self._group,
                max_poll_records=_MOST_RECORDS_A_POLL,
                fetch_max_wait_ms=250,
            )
            self._consumer = consumer
            try:
                self._begin(consumer)
            except BaseException:
                self.close()
                raise
        return self._consumer

    def _begin(self, consumer: KafkaConsumer) -> None:
        if self._group:
            subscribe(consumer, self._topic, _AssignmentListener(self))
            self._membership = Membership(consumer)
            return
        numbers = consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise UnknownTopicOrPartitionError(self._topic)
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        self.hold(partitions)

    def _read(self, partition: TopicPartition, after: int, limit: int) -> Sequence[Any]:
        if not self._is_assigned(partition):
            return ()
        with self._lock:
            just_assigned = partition in self._just_assigned
            self._just_assigned.discard(partition)
        if just_assigned or self._positions.get(partition) != after:
            self._seek(partition, after)
        deadline = monotonic() + _ANSWER_S
        while not (fetched := self._fetched[partition]):
            if self._at_end(partition):
                return ()
            if monotonic() > deadline:
                raise KafkaTimeoutError
            self._poll(_SLICE_MS)
            if partition in self._just_assigned or not self._is_assigned(partition):
                return ()
        records, self._fetched[partition] = fetched[:limit], fetched[limit:]
        self._positions[partition] = records[-1].offset + 1
        if partition in self._paused and len(self._fetched[partition]) < _BUFFER_RECORDS // 2:
            self._paused.discard(partition)
            self._open().resume(partition)
        return records

    def _is_assigned(self, partition: TopicPartition) -> bool:
        return partition in self._open().assignment()

    def _seek(self, partition: TopicPartition, position: int) -> None:
        consumer = self._open()
        self._fetched[partition] = []
        self._positions[partition] = position
        self._paused.discard(partition)
        consumer.seek(partition, position)
        consumer.resume(partition)

    def _poll(self, milliseconds: int) -> None:
        consumer = self._open()
        try:
            if self._membership:
                milliseconds = self._membership.poll_ms(milliseconds)
            polled = consumer.poll(timeout_ms=milliseconds)
        except StuckMemberError:
            self.close()
            raise
        except NoOffsetForPartitionError:  # a partition was just assigned; `hold` follows
            return
        for partition, records in polled.items():
            if partition in self._just_assigned or partition not in self._positions:
                continue
            fetched = self._fetched[partition]
            fetched.extend(records)
            if len(fetched) >= _BUFFER_RECORDS and partition not in self._paused:
                self._paused.add(partition)
                consumer.pause(partition)

    def _at_end(self, partition: TopicPartition) -> bool:
        """Return whether all records up to the partition's end were read.

        Raise `TopicCutError` if the end is before the current position.
        """
        consumer, position = self._open(), self._positions[partition]
        end = self._ends.get(partition, -1) if monotonic() <= self._ends_until else -1
        if end < position:  # the cached end may be older than the assignment
            self._ends = dict(self.ends())
            self._ends_until = monotonic() + _ENDS_KEPT_S
            end = self._ends.get(partition, position)
        if position > end:
            raise TopicCutError
        return (consumer.position(partition, timeout_ms=_SLICE_MS) or 0) >= end


class _AssignmentListener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Passes newly assigned partitions to the reader."""

    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Pause them."""
        self._reader.hold(list(assigned))

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Do nothing: the caller keeps the positions, and `read` checks the assignment."""
