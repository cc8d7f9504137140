"""Reads the topics for verification. Damaged records are returned with their damage."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from types import TracebackType
from typing import Any, Self

from kafka import TopicPartition

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.relay_position import recorded_position
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
    """Reads the checkpoints and the events that were committed when the context was entered.

    It buffers at most a few thousand records of each partition in memory.
    """

    def __init__(
        self, connection: KafkaConnection, names: TopicNames, *, generation: int = 0
    ) -> None:
        """Read this generation of the topics, or the one in use if it is 0; connect on entry."""
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
        """Find the ends of the topics. Raise kafka-python's errors and `PositionUnsureError`."""
        try:
            self._checkpoints_end = self._checkpoints.ends()
            while not self._found_ends():
                self._events.close()
        except BaseException:
            self._close()
            raise
        return self

    def _found_ends(self) -> bool:
        """Find the ends of the events' topic. Return `False` if the generation changed."""
        before = recorded_position(self._connection, self._names)
        number = self._generation or before.generation
        self.topic = replace(self._names, generation=number).events
        self._events = TopicReader(self._connection, self.topic)
        self._ends = self._events.ends()
        after = recorded_position(self._connection, self._names)
        self.begins = {
            partition.partition: begin for partition, begin in self._events.begins().items()
        }
        self.least, self.most = before.position, after.position
        return after.generation == before.generation

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the readers."""
        self._close()

    @property
    def most_rows(self) -> int:
        """The maximum number of records. Markers at the ends of transactions are included."""
        return sum(end - self.begins[partition.partition] for partition, end in self._ends.items())

    def rows(self) -> Iterator[PublishedRow]:
        """Yield every record in the order of the store's positions."""
        return merge(
            *(self._rows_of(partition, end) for partition, end in self._ends.items()),
            key=attrgetter("position"),
        )

    def checkpoints(self) -> Iterator[str]:
        """Yield the text of every checkpoint in the order of publication."""
        for partition, end in self._checkpoints_end.items():
            for record in _records(self._checkpoints, partition, 0, end):
                yield str(record.value or b"", errors="replace")

    def _rows_of(self, partition: TopicPartition, end: int) -> Iterator[PublishedRow]:
        position = 0
        for record in _records(self._events, partition, self.begins[partition.partition], end):
            row = _row(record, position)
            position = row.position
            yield row

    def _close(self) -> None:
        self._events.close()
        self._checkpoints.close()


def _records(reader: TopicReader, partition: TopicPartition, begin: int, end: int) -> Iterator[Any]:
    while begin < end and (records := reader.read(partition, after=begin, limit=_ROWS_A_READ)):
        begin = records[-1].offset + 1
        yield from (record for record in records if record.offset < end)


def _row(record: Any, before: int) -> PublishedRow:  # noqa: ANN401  kafka-python has no types
    """Return the row of a record. A damaged record gets the position `before`."""
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
