"""Connections to Kafka: the only module that creates kafka-python's clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
)
from kafka.errors import UnknownTopicOrPartitionError
from kafka.net.compat import KafkaNetClient
from kafka.partitioner.default import DefaultPartitioner, murmur2

T = TypeVar("T")

_REQUEST_TIMEOUT_MS = 5_000
_BOOTSTRAP_TIMEOUT_MS = 5_000
_RECONNECT_BACKOFF_MAX_MS = 2_000
_METADATA_MAX_AGE_MS = 30_000
_SESSION_TIMEOUT_MS = 10_000
_HEARTBEAT_MS = 2_000


@dataclass(frozen=True)
class KafkaConnection:
    """Kafka's addresses and the credentials for it. Empty file and user names are ignored.

    `servers` is a comma-separated list of `host:port`. `security_protocol` and `sasl_mechanism`
    take Kafka's own values. The files are in PEM format.
    """

    servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def settings(self) -> dict[str, Any]:
        """Return the settings that all of kafka-python's clients share."""
        optional = {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
            "ssl_cafile": self.ca_file,
            "ssl_certfile": self.cert_file,
            "ssl_keyfile": self.key_file,
        }
        return {
            "bootstrap_servers": [server.strip() for server in self.servers.split(",")],
            "security_protocol": self.security_protocol,
            "request_timeout_ms": _REQUEST_TIMEOUT_MS,
            "bootstrap_timeout_ms": _BOOTSTRAP_TIMEOUT_MS,
            "reconnect_backoff_max_ms": _RECONNECT_BACKOFF_MAX_MS,
            "metadata_max_age_ms": _METADATA_MAX_AGE_MS,
            **{name: value for name, value in optional.items() if value},
        }


def open_admin(connection: KafkaConnection) -> KafkaAdminClient:
    """Connect a client that creates and describes topics. Raise kafka-python's errors."""
    return _open(KafkaAdminClient, connection.settings())


def open_consumer(
    connection: KafkaConnection,
    *,
    group: str | None = None,
    **options: Any,  # noqa: ANN401  kafka-python's own
) -> KafkaConsumer:
    """Connect a consumer that reads only committed records.

    It commits no offset automatically. If its offset no longer exists, it raises an error, unless
    `auto_offset_reset` says where to continue.
    """
    grouped = {
        "group_id": group,
        "session_timeout_ms": _SESSION_TIMEOUT_MS,
        "heartbeat_interval_ms": _HEARTBEAT_MS,
    }
    settings = {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
    }
    return _open(
        KafkaConsumer, connection.settings() | settings | (grouped if group else {}) | options
    )


def subscribe(
    consumer: KafkaConsumer, topic: str, listener: ConsumerRebalanceListener | None = None
) -> None:
    """Subscribe the consumer to this topic as a member of its group.

    A metadata request that is under way may lack the new topic. If such a consumer leads the group,
    kafka-python assigns no partitions, or it assigns them twice. So this function requests the
    metadata before the consumer joins. Raise `UnknownTopicOrPartitionError`.
    """
    consumer.subscribe([topic], listener=listener)
    if topic not in consumer.topics():
        raise UnknownTopicOrPartitionError(topic)


def open_producer(
    connection: KafkaConnection,
    *,
    transactional_id: str,
    limit_s: float,
    **options: Any,  # noqa: ANN401  kafka-python's own
) -> KafkaProducer:
    """Connect a transactional producer. No single call waits longer than `limit_s` seconds.

    The broker aborts an open transaction after one and a half times the limit.
    `retry_backoff_ms` is short because the client sleeps for that time whenever the brokers are
    still closing the previous transaction, which happens often. `linger_ms` adds no delay because
    a flush ends it. It prevents the client from sending each partition's first record alone.
    """
    limit_ms = int(limit_s * 1000)
    settings = {
        "request_timeout_ms": min(_REQUEST_TIMEOUT_MS, limit_ms * 3 // 10),
        "bootstrap_timeout_ms": min(_BOOTSTRAP_TIMEOUT_MS, limit_ms),
        "transactional_id": transactional_id,
        "transaction_timeout_ms": limit_ms * 3 // 2,
        "delivery_timeout_ms": limit_ms * 6 // 10,
        "max_block_ms": limit_ms,
        "retry_backoff_ms": 5,
        "linger_ms": 20,
        "batch_size": 262_144,
        "allow_auto_create_topics": False,
        "metrics_enabled": False,
        "partitioner": _CachingPartitioner(),
    }
    return _open(KafkaProducer, connection.settings() | settings | options)


class _CachingPartitioner(DefaultPartitioner):  # type: ignore[misc]
    """Choose the partition as Kafka's clients do, and cache the hash of each key.

    kafka-python computes the hash in Python for every record, a fifth of the cost of a record.
    """

    def __init__(self) -> None:
        self._hash = lru_cache(maxsize=20_000)(murmur2)

    def partition(self, topic: str, *arguments: Any) -> int:  # noqa: ANN401  kafka-python has no types
        """Return the partition. `kafka.partitioner.Partitioner` describes the arguments."""
        _, key, _, _, cluster = arguments
        if key is None:
            return int(super().partition(topic, *arguments))
        return _partition_of_hash(self._hash(key), len(cluster.partitions_for_topic(topic)))


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition that every Kafka client chooses for this key."""
    return _partition_of_hash(murmur2(key), partitions)


def _partition_of_hash(hashed: int, partitions: int) -> int:
    return (hashed & 0x7FFFFFFF) % partitions


def _open(client: Callable[..., T], settings: Mapping[str, Any]) -> T:
    """Create a client. If it cannot connect, close the thread and four sockets that it leaves."""
    networks: list[KafkaNetClient] = []

    def network(**configs: Any) -> KafkaNetClient:  # noqa: ANN401  kafka-python's own
        networks.append(KafkaNetClient(**configs))
        return networks[-1]

    try:
        return client(kafka_client=network, **settings)
    except BaseException:
        for opened in networks:
            opened.close()
        raise
