"""Reads the topics as they are, for whoever checks them: what is damaged is given, not refused."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from types import TracebackType
from typing import Any, Self

from kafka import TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.relay_position import RelayPosition, read_position
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.audit.published_records import PublishedRow

_ROWS_A_READ = 500
_HEADERS = (
    "event_id",
    "topic",
    "originator_version",
    "notification_id",
    "recorded_at",
    "leaf_hash",
)


class KafkaScan(AbstractContextManager["KafkaScan"]):
    """The checkpoints, and then the events, that were committed when it was entered.

    Each partition's records wait in memory, some thousands at most, till their turn comes.
    """

    def __init__(
        self, connection: KafkaConnection, names: TopicNames, *, generation: int = 0
    ) -> None:
        """Read these topics, in this generation or else the one in use; nothing connects yet."""
        self._connection = connection
        self._names = names
        self._generation = generation
        self._checkpoints = TopicReader(connection, names.checkpoints)
        self._events = TopicReader(connection, names.events)
        self._ends: Mapping[TopicPartition, int] = {}
        self._checkpoints_end: Mapping[TopicPartition, int] = {}
        self.begins: Mapping[int, int] = {}
        self.topic = names.events
        self.least = self.most = 0

    def __enter__(self) -> Self:
        """Look where the topics end. Raises kafka-python's errors, and `PositionUnsureError`."""
        try:
            self._checkpoints_end = self._checkpoints.ends()
            while not self._has_looked():
                self._events.close()
        except BaseException:
            self._close()
            raise
        return self

    def _has_looked(self) -> bool:
        """Look at the events; `False` where they were switched to a new generation meanwhile."""
        before = self._said()
        number = self._generation or before.generation
        self.topic = replace(self._names, generation=number).events
        self._events = TopicReader(self._connection, self.topic)
        self._ends = self._events.ends()
        after = self._said()
        self.begins = {one.partition: at for one, at in self._events.begins().items()}
        self.least, self.most = before.position, after.position
        return after.generation == before.generation

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go."""
        self._close()

    @property
    def most_rows(self) -> int:
        """The number of records there can be; ends of transactions count as well."""
        return sum(end - self.begins[one.partition] for one, end in self._ends.items())

    def rows(self) -> Iterator[PublishedRow]:
        """Yield every record, in the order of the store's positions."""
        return merge(
            *(self._rows_of(partition, end) for partition, end in self._ends.items()),
            key=attrgetter("position"),
        )

    def checkpoints(self) -> Iterator[str]:
        """Return every checkpoint as it is written, in the order in which they were published."""
        for partition, end in self._checkpoints_end.items():
            for record in _records(self._checkpoints, partition, 0, end):
                yield str(record.value or b"", errors="replace")

    def _rows_of(self, partition: TopicPartition, end: int) -> Iterator[PublishedRow]:
        position = 0
        for record in _records(self._events, partition, self.begins[partition.partition], end):
            row = _row(record, position)
            position = row.position
            yield row

    def _said(self) -> RelayPosition:
        with closing(open_consumer(self._connection)) as consumer:
            return read_position(consumer, self._names) or RelayPosition(0, "", "")

    def _close(self) -> None:
        self._events.close()
        self._checkpoints.close()


def _records(reader: TopicReader, partition: TopicPartition, begin: int, end: int) -> Iterator[Any]:
    while begin < end and (records := reader.read(partition, after=begin, limit=_ROWS_A_READ)):
        begin = records[-1].offset + 1
        yield from (record for record in records if record.offset < end)


def _row(record: Any, before: int) -> PublishedRow:  # noqa: ANN401  kafka-python has no types
    """Return a record; one that bears no position takes that of the record before it."""
    try:
        names = tuple(name for name, _ in record.headers)
        if names != _HEADERS:
            detail = f"its headers are {', '.join(names) or 'none'}"
            return PublishedRow(record.partition, record.offset, before, detail)
        values = [value for _, value in record.headers]
        event_id, topic, version, position, recorded_at, hashed = map(bytes.decode, values)
        return PublishedRow(
            record.partition,
            record.offset,
            int(position),
            "",
            record.key.decode(),
            int(version),
            topic,
            record.value or b"",
            event_id,
            recorded_at,
            hashed,
        )
    except (ValueError, TypeError, AttributeError) as error:
        return PublishedRow(record.partition, record.offset, before, str(error))
