"""Kafka as a feed: what the relay published, for the projections."""

import logging
from collections.abc import Callable, Mapping, Sequence

from kafka import TopicPartition
from kafka.errors import RetriableError

from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader import TopicReader
from tracker.adapters.kafka.records import header
from tracker.projections.feed import Record
from tracker.recording import projected_from_bytes

_log = logging.getLogger(__name__)


class KafkaFeed:
    """Gives every published event, in order per dossier, from where the read model says.

    A position is the offset after the last record taken. Workers of one `group` share the
    partitions; where one moves to another worker while somebody still has a batch of it in hand,
    the read model's position decides who writes, so that nothing is lost or written twice.
    A Kafka that does not answer is waited for: there is just nothing new meanwhile.
    """

    def __init__(
        self, connection: KafkaConnection, topic: str, *, group: str | None = None
    ) -> None:
        """Read this topic; without a group read all of it, as a rebuild does."""
        self._reader = TopicReader(connection, topic, group=group)
        self._answers = True

    def partitions(self) -> Sequence[str]:
        """Name the partitions that are ours now, as `topic:number`."""
        return self._named(self._reader.partitions)

    def ready(self) -> Sequence[str]:
        """Name those of them of which something has come; all of them where nothing has."""
        return self._named(self._reader.ready)

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        """Give up to `limit` events after this position, oldest first."""
        try:
            records = self._reader.read(_partition(partition), after=after, limit=limit)
        except RetriableError as error:
            self._note(error)
            return ()
        return [
            Record(
                one.offset + 1,
                projected_from_bytes(header(one, "topic"), one.value),
                one.value,
                int(header(one, "notification_id")),
            )
            for one in records
        ]

    def heads(self) -> Mapping[str, int]:
        """Give the position after the last event of each of our partitions; none where unknown.

        Such a position may be a little beyond the one a read model has when it is up to date: the
        ends of transactions count too.
        """
        try:
            return {_name(one): end for one, end in self._reader.ends().items()}
        except RetriableError as error:
            self._note(error)
            return {}

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at the latest after so many seconds."""
        try:
            self._reader.wait(seconds)
        except RetriableError as error:
            self._note(error)
            self._reader.pause(seconds)

    def wake(self) -> None:
        """Let whoever waits look again at once."""
        self._reader.wake()

    def close(self) -> None:
        """Give the partitions up to the others of the group."""
        self._reader.close()

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
