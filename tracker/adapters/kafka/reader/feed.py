"""Kafka as a feed: what the relay published, for the projections."""

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

_LOOK_AGAIN_S = 30.0


class KafkaFeed:
    """Return every published event, in order per dossier, from where the read model says.

    A position is the offset after the last record taken. Workers of one `group` share the
    partitions; where one moves to another worker while somebody still has a batch of it in hand,
    the read model's position decides who writes, so that nothing is lost or written twice.
    A Kafka that does not answer is waited for: there is just nothing new meanwhile.

    It reads the generation of the topic that is in use. Where a partition says that the events
    continue in a new one, it reads that from its first record: what a read model has is passed over
    there as older.
    """

    def __init__(
        self, connection: KafkaConnection, names: TopicNames, *, group: str | None = None
    ) -> None:
        """Read the events' topic; without a group read all of it, as a rebuild does."""
        self._connection = connection
        self._names = names
        self._group = group
        self._reader: TopicReader | None = None
        self._look_again_at = 0.0
        self._signal = Signal()
        self._answers = True

    def partitions(self) -> Sequence[str]:
        """Name the partitions that are ours now, as `topic:number`."""
        return self._named(lambda: self._open().partitions())

    def ready(self) -> Sequence[str]:
        """Name those of them of which something has come; all of them where nothing has."""
        return self._named(lambda: self._open().ready())

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Return up to `limit` events after this position, oldest first."""
        try:
            read = self._open().read(_partition(partition), after=after, limit=limit)
            records = list(takewhile(lambda one: not is_continued(one), read))
            if len(records) < len(read):
                self._follow_on(read[len(records)])
        except RetriableError as error:
            self._note(error)
            return ()
        return [
            Record(
                one.offset + 1,
                decode_for_projection(header(one, "topic"), one.value),
                one.value,
                int(header(one, "notification_id")),
            )
            for one in records
        ]

    def heads(self) -> Mapping[str, int]:
        """Return the position after the last event of each of our partitions; none where unknown.

        Such a position may be a little beyond the one a read model has when it is up to date: the
        ends of transactions count too.
        """
        try:
            if monotonic() > self._look_again_at:
                self._look_again()
            return {_name(one): end for one, end in self._open().ends().items()}
        except RetriableError as error:
            self._note(error)
            return {}

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after so many seconds."""
        try:
            self._open().wait(seconds)
        except RetriableError as error:
            self._note(error)
            self._signal.wait(seconds)
            self._signal.clear()

    def wake(self) -> None:
        """Let whoever waits look again at once."""
        self._signal.set()
        if reader := self._reader:
            reader.wake()

    def close(self) -> None:
        """Return the partitions up to the others of the group."""
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
        self._look_again_at = monotonic() + _LOOK_AGAIN_S
        return names

    def _look_again(self) -> None:
        """Follow to a new generation without having read up to its announcement."""
        if self._reader and self._in_use() != self._names:
            self.close()

    def _follow_on(self, record: Any) -> None:  # noqa: ANN401  kafka-python has no types
        """Go to the new generation. Raise `UnreadableRecordError` where the relay names none."""
        if self._in_use() == self._names:
            message = (
                f"{record.topic}, partition {record.partition}, offset {record.offset}: this record"
                " says that the events continue in another topic, and the relay's position does not"
                " say so. 'tracker verify --of kafka' checks the topic."
            )
            raise UnreadableRecordError(message)
        _log.info("%s ends here; its successor is read.", record.topic)
        self.close()

    def _named(self, partitions: Callable[[], Sequence[TopicPartition]]) -> Sequence[str]:
        try:
            ours = partitions()
        except RetriableError as error:
            self._note(error)
            return ()
        self._note(None)
        return [_name(partition) for partition in ours]

    def _note(self, error: Exception | None) -> None:
        if error and self._answers:
            _log.warning("Kafka does not answer: %r", error)
        elif not error and not self._answers:
            _log.info("Kafka answers again.")
        self._answers = error is None


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}:{partition.partition}"


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition(":")
    return TopicPartition(topic, int(number))
