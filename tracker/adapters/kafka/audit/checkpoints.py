"""Publishes signed checkpoints to Kafka, where the database's administrator cannot change them."""

from kafka import TopicPartition
from kafka.errors import KafkaError

from tracker.adapters.kafka.connection import KafkaConnection, open_consumer
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.tails import last_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import InDoubtError, Transactions
from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.domain.transparency_log.notes import Note

_LIMIT_S = 15.0


class KafkaCheckpoints:
    """Publishes notes unchanged, without keys or headers."""

    name = "the topic of checkpoints"

    def __init__(self, connection: KafkaConnection, names: TopicNames) -> None:
        """Use the checkpoint topic of these names. This makes no connection."""
        self._connection = connection
        self._topic = names.checkpoints

    def last(self) -> Note | None:
        """Return the newest published note, or `None`. Raise `SilentPublisherError`."""
        try:
            consumer = open_consumer(self._connection)
            try:
                partition = TopicPartition(self._topic, 0)
                record = last_record(consumer, partition, limit_s=_LIMIT_S)
            finally:
                consumer.close()
        except KafkaError as error:
            raise SilentPublisherError(repr(error)) from error
        return Note.parse(record.value.decode()) if record else None

    def publish(self, note: str) -> None:
        """Publish a note. Raise `SilentPublisherError`."""
        try:
            with Transactions(self._connection, self._topic, limit_s=_LIMIT_S) as transactions:
                transactions.end_leftovers([self._topic])
                transactions.commit([Outgoing(self._topic, None, note.encode(), [])])
        except (KafkaError, InDoubtError) as error:
            raise SilentPublisherError(repr(error)) from error
