"""Reads a topic's partitions from where the reader says, alone or in a group that shares them."""

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

_POLL = 2000
_FULL = 4000
_SLICE_MS = 100
_ANSWER_S = 10.0
_ENDS_KEPT_S = 0.02


class TopicCutError(TrackerError):
    """This topic ends before a place that was read already: it was lost, or made anew."""


class TopicReader:
    """The committed records of a topic; nothing connects before it is first asked.

    Whoever reads keeps the positions: each read names its own, and where that is not the place this
    reader is at, it goes there. For one thread, but for `wake`.
    """

    def __init__(
        self, connection: KafkaConnection, topic: str, *, group: str | None = None
    ) -> None:
        """Share the partitions with all of the same `group`; without one, read all of them."""
        self._connection = connection
        self._topic = topic
        self._group = group
        self._consumer: KafkaConsumer | None = None
        self._membership: Membership | None = None
        self._signal = Signal()
        self._lock = Lock()
        self._moved: set[TopicPartition] = set()
        self._places: dict[TopicPartition, int] = {}
        self._waiting: dict[TopicPartition, list[Any]] = {}
        self._held: set[TopicPartition] = set()
        self._ends: dict[TopicPartition, int] = {}
        self._ends_until = 0.0

    def partitions(self) -> Sequence[TopicPartition]:
        """Return the partitions that are ours now. Raises kafka-python's errors, as all here does."""
        self._poll(_SLICE_MS if self._group and not any(self._waiting.values()) else 0)
        ours = sorted(self._open().assignment())
        for lost in self._places.keys() - set(ours):
            del self._places[lost], self._waiting[lost]
            self._held.discard(lost)
        return ours

    def ready(self) -> Sequence[TopicPartition]:
        """Return those of our partitions of which records have come, or that have just become ours.

        Where there is none, give all: only `read` asks Kafka whether really nothing is left.
        """
        ours = self.partitions()
        return [one for one in ours if one in self._moved or self._waiting.get(one)] or ours

    def ends(self) -> Mapping[TopicPartition, int]:
        """Return the position after the last committed record of each of our partitions."""
        consumer = self._open()
        ours = list(consumer.assignment())
        return dict(consumer.end_offsets(ours, timeout_ms=_ANSWER_S * 1000)) if ours else {}

    def begins(self) -> Mapping[TopicPartition, int]:
        """Return the position of the first record that is still kept, likewise."""
        consumer = self._open()
        ours = list(consumer.assignment())
        return dict(consumer.beginning_offsets(ours, timeout_ms=_ANSWER_S * 1000)) if ours else {}

    def read(self, partition: TopicPartition, *, after: int, limit: int) -> Sequence[Any]:
        """Return up to `limit` records from this position on; none where it is not ours any more.

        A position is the offset after the last record taken: offsets have gaps, where transactions
        ended or came to nothing. Raise `TopicCutError` where the topic ends before it.
        """
        try:
            return self._read(partition, after, limit)
        except (IllegalStateError, ValueError):
            if self._is_ours(partition):
                raise
            return ()

    def wait(self, seconds: float) -> None:
        """Return when there is something new or somebody wakes us, at the latest after so long."""
        until = monotonic() + seconds
        while not self._signal.is_set() and (left := until - monotonic()) > 0:
            self._poll(min(_SLICE_MS, int(left * 1000) + 1))
            if self._moved or any(self._waiting.values()):
                break
        self._signal.clear()
        self._ends_until = 0.0

    def wake(self) -> None:
        """Let whoever waits return at once, and look at Kafka again; from any thread."""
        self._ends_until = 0.0
        self._signal.set()

    def pause(self, seconds: float) -> None:
        """Wait likewise, without asking Kafka anything."""
        self._signal.wait(seconds)
        self._signal.clear()

    def close(self) -> None:
        """Leave the group, so that others take the partitions over at once."""
        consumer, self._consumer, self._membership = self._consumer, None, None
        if consumer is not None:
            consumer.close()

    def placed(self, partitions: Sequence[TopicPartition]) -> None:
        """Hold partitions that have just become ours until somebody says where to begin."""
        consumer = self._consumer
        if consumer is None:
            return
        with self._lock:
            self._moved.update(partitions)
        for partition in partitions:
            consumer.seek(partition, 0)
        consumer.pause(*partitions)

    def _open(self) -> KafkaConsumer:
        if self._consumer is None:
            consumer = open_consumer(
                self._connection, group=self._group, max_poll_records=_POLL, fetch_max_wait_ms=250
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
            subscribe(consumer, self._topic, _Placing(self))
            self._membership = Membership(consumer)
            return
        numbers = consumer.partitions_for_topic(self._topic)
        if not numbers:
            raise UnknownTopicOrPartitionError(self._topic)
        ours = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        consumer.assign(ours)
        self.placed(ours)

    def _read(self, partition: TopicPartition, after: int, limit: int) -> Sequence[Any]:
        if not self._is_ours(partition):
            return ()
        with self._lock:
            moved = partition in self._moved
            self._moved.discard(partition)
        if moved or self._places.get(partition) != after:
            self._go_to(partition, after)
        deadline = monotonic() + _ANSWER_S
        while not (waiting := self._waiting[partition]):
            if self._at_end(partition):
                return ()
            if monotonic() > deadline:
                raise KafkaTimeoutError
            self._poll(_SLICE_MS)
            if partition in self._moved or not self._is_ours(partition):
                return ()
        taken, self._waiting[partition] = waiting[:limit], waiting[limit:]
        self._places[partition] = taken[-1].offset + 1
        if partition in self._held and len(self._waiting[partition]) < _FULL // 2:
            self._held.discard(partition)
            self._open().resume(partition)
        return taken

    def _is_ours(self, partition: TopicPartition) -> bool:
        return partition in self._open().assignment()

    def _go_to(self, partition: TopicPartition, position: int) -> None:
        consumer = self._open()
        self._waiting[partition] = []
        self._places[partition] = position
        self._held.discard(partition)
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
        except NoOffsetForPartitionError:  # it has just become ours, and is about to be placed
            return
        for partition, records in polled.items():
            if partition in self._moved or partition not in self._places:
                continue
            waiting = self._waiting[partition]
            waiting.extend(records)
            if len(waiting) >= _FULL and partition not in self._held:
                self._held.add(partition)
                consumer.pause(partition)

    def _at_end(self, partition: TopicPartition) -> bool:
        """Return whether nothing is left to be read; what we know of the ends is used only once."""
        consumer, place = self._open(), self._places[partition]
        known = self._ends.get(partition, -1) if monotonic() <= self._ends_until else -1
        if known < place:  # what we know may be from before the partition came to us
            self._ends = dict(self.ends())
            self._ends_until = monotonic() + _ENDS_KEPT_S
            known = self._ends.get(partition, place)
        if place > known:
            raise TopicCutError
        return (consumer.position(partition, timeout_ms=_SLICE_MS) or 0) >= known


class _Placing(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the reader which partitions have become its own."""

    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Hold them."""
        self._reader.placed(list(assigned))

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Need nothing: the positions stand elsewhere, and the next read looks whose it is."""
