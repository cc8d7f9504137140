"""A feed for the projections that reads the events from Kafka."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import takewhile
from threading import Event as Signal
from time import monotonic
from typing import Any

from kafka import TopicPartition
from kafka.errors import RetriableError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.reader.reader import TopicReader
from tracker.adapters.kafka.records import UnreadableRecordError, header, is_continued
from tracker.adapters.kafka.relay_position import current_names
from tracker.adapters.kafka.topics import TopicNames
from tracker.projections.model.feed import Record
from tracker.serialization import decode_for_projection

_log = logging.getLogger(__name__)

_GENERATION_CHECK_S = 30.0


class KafkaFeed:
    """Reads the published events from the position of a read model, in order for each dossier.

    A position is the offset after the last record read. Workers of one `group` share the
    partitions. A partition can move to another worker while the first still processes a batch. The
    read model's position then decides which worker writes, so no event is lost or written twice.
    While Kafka does not answer, the feed waits and returns no events.

    The feed reads the generation of the topic that is in use. If a partition announces a new
    generation, the feed reads the new topic from its first record. A read model skips the events
    that it already holds.
    """

    def __init__(
        self, connection: KafkaConnection, names: TopicNames, *, group: str | None = None
    ) -> None:
        """Read the events' topic. Without a group, read all partitions, as a rebuild does."""
        self._connection = connection
        self._names = names
        self._group = group
        self._reader: TopicReader | None = None
        self._check_generation_at = 0.0
        self._wake_up = Signal()
        self._is_reachable = True

    def partitions(self) -> Sequence[str]:
        """Return the partitions assigned to this feed, as `topic:number`."""
        return self._named(lambda: self._open().partitions())

    def ready(self) -> Sequence[str]:
        """Return the assigned partitions with fetched records, or all of them if none has any."""
        return self._named(lambda: self._open().ready())

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, oldest first."""
        try:
            read = self._open().read(_partition(partition), after=after, limit=limit)
            records = list(takewhile(lambda record: not is_continued(record), read))
            if len(records) < len(read):
                self._follow_on(read[len(records)])
        except RetriableError as error:
            self._record_reachability(error)
            return ()
        return [
            Record(
                record.offset + 1,
                decode_for_projection(header(record, "topic"), record.value),
                record.value,
                int(header(record, "notification_id")),
            )
            for record in records
        ]

    def heads(self) -> Mapping[str, int]:
        """Return the end position of each assigned partition, or nothing if Kafka is unreachable.

        An end can be slightly beyond the position of a read model that is up to date, because the
        markers at the ends of transactions count too.
        """
        try:
            if monotonic() > self._check_generation_at:
                self._check_generation()
            return {_name(partition): end for partition, end in self._open().ends().items()}
        except RetriableError as error:
            self._record_reachability(error)
            return {}

    def wait(self, seconds: float) -> None:
        """Wait until there may be new events, or until this number of seconds has passed."""
        try:
            self._open().wait(seconds)
        except RetriableError as error:
            self._record_reachability(error)
            self._wake_up.wait(seconds)
            self._wake_up.clear()

    def wake(self) -> None:
        """Make a waiting reader check for new events at once."""
        self._wake_up.set()
        if reader := self._reader:
            reader.wake()

    def close(self) -> None:
        """Release the partitions to the other members of the group."""
        reader, self._reader = self._reader, None
        if reader:
            reader.close()

    def _open(self) -> TopicReader:
        if self._reader is None:
            self._names = self._in_use()
            self._reader = TopicReader(self._connection, self._names.events, group=self._group)
        return self._reader

    def _in_use(self) -> TopicNames:
        with closing(open_consumer(self._connection)) as consumer:
            names = current_names(consumer, self._names)
        self._check_generation_at = monotonic() + _GENERATION_CHECK_S
        return names

    def _check_generation(self) -> None:
        """Close the reader if another generation is in use, before its announcement is read."""
        if self._reader and self._in_use() != self._names:
            self.close()

    def _follow_on(self, record: Any) -> None:  # noqa: ANN401  kafka-python has no types
        """Switch to the new generation.

        Raise `UnreadableRecordError` if the relay's position does not name a new generation.
        """
        if self._in_use() == self._names:
            message = (
                f"{record.topic}, partition {record.partition}, offset {record.offset}: this record"
                " says that the events continue in another topic, but the relay's position does"
                " not. Run 'tracker verify --of kafka' to check the topic."
            )
            raise UnreadableRecordError(message)
        _log.info("%s ends here. The feed continues with the next generation.", record.topic)
        self.close()

    def _named(self, partitions: Callable[[], Sequence[TopicPartition]]) -> Sequence[str]:
        try:
            assigned = partitions()
        except RetriableError as error:
            self._record_reachability(error)
            return ()
        self._record_reachability(None)
        return [_name(partition) for partition in assigned]

    def _record_reachability(self, error: Exception | None) -> None:
        if error and self._is_reachable:
            _log.warning("Kafka does not answer: %r", error)
        elif not error and not self._is_reachable:
            _log.info("Kafka answers again.")
        self._is_reachable = error is None


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}:{partition.partition}"


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition(":")
    return TopicPartition(topic, int(number))
