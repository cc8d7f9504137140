"""Wire the connection to Kafka, its topics, and what Kafka holds of the past of the store."""

from contextlib import AbstractContextManager, closing

from tracker.adapters.kafka.audit.store_past import KafkaPast
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.sql.service_tables.store_epochs import SqlStoreEpochs
from tracker.application.ports import DossierRecorder
from tracker.settings import Settings


def kafka_connection(settings: Settings) -> KafkaConnection:
    """Return where Kafka is and who we are to it."""
    return KafkaConnection(
        servers=settings.kafka_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=settings.kafka_sasl_password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        cert_file=settings.kafka_cert_file,
        key_file=settings.kafka_key_file,
    )


def topic_names(settings: Settings) -> TopicNames:
    """Name this installation's topics."""
    return TopicNames(settings.kafka_topic_prefix)


def kafka_past(
    settings: Settings, store: DossierRecorder, epochs: SqlStoreEpochs
) -> AbstractContextManager[KafkaPast]:
    """Return the comparison of the store with Kafka; closing it closes the connection."""
    connection, names = kafka_connection(settings), topic_names(settings)
    return closing(KafkaPast(connection, names, store, epochs.current))
