"""How we speak to Kafka: the one place where kafka-python's clients are made."""

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
_RECONNECT_AT_LEAST_EVERY_MS = 2_000
_ASK_ABOUT_TOPICS_EVERY_MS = 30_000
_SESSION_TIMEOUT_MS = 10_000
_HEARTBEAT_MS = 2_000


@dataclass(frozen=True)
class KafkaConnection:
    """Where Kafka is and who we are to it; a file or name left empty is not used.

    `servers` are `host:port` with commas between; `security_protocol` and `sasl_mechanism` are
    Kafka's own words; the files are PEM.
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
        """Return what every client of kafka-python is told."""
        given = {
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
            "reconnect_backoff_max_ms": _RECONNECT_AT_LEAST_EVERY_MS,
            "metadata_max_age_ms": _ASK_ABOUT_TOPICS_EVERY_MS,
            **{name: value for name, value in given.items() if value},
        }


def open_admin(connection: KafkaConnection) -> KafkaAdminClient:
    """Connect a client that makes and describes topics. Raises kafka-python's errors."""
    return _open(KafkaAdminClient, connection.settings())


def open_consumer(
    connection: KafkaConnection,
    *,
    group: str | None = None,
    **options: Any,  # noqa: ANN401  kafka-python's own
) -> KafkaConsumer:
    """Connect a consumer that sees what was committed, and nothing else.

    It commits no position by itself and, unless told by `auto_offset_reset`, never jumps: where its
    place is gone it raises.
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
    """Let the consumer share this topic with its group.

    kafka-python may forget to ask about a topic it is told of while it asks about something else,
    and as the leader of its group then gives nobody anything; or it asks in time, but shares out
    twice. So it is made to ask before it joins. Raise `UnknownTopicOrPartitionError`.
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
    """Connect a transactional producer; no single step of it waits longer than the limit.

    The broker ends a transaction of its own accord after one and a half times the limit.
    `retry_backoff_ms` is short since the client sleeps so long whenever the brokers are still
    closing the transaction before, which is often. `linger_ms` costs nothing, for a flush ends it,
    and keeps the client from sending each partition's first record by itself.
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
        "partitioner": _ByKey(),
    }
    return _open(KafkaProducer, connection.settings() | settings | options)


class _ByKey(DefaultPartitioner):  # type: ignore[misc]
    """Chooses a key's partition as every client of Kafka does, but reckons it once.

    kafka-python's own reckons it in Python for every record: a fifth of what a record costs.
    """

    def __init__(self) -> None:
        self._hash = lru_cache(maxsize=20_000)(murmur2)

    def partition(self, topic: str, *given: Any) -> int:  # noqa: ANN401  kafka-python has no types
        """Return the partition; see `kafka.partitioner.Partitioner` for what is given."""
        _, key, _, _, cluster = given
        if key is None:
            return int(super().partition(topic, *given))
        return _of_hash(self._hash(key), len(cluster.partitions_for_topic(topic)))


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as every client of Kafka chooses it."""
    return _of_hash(murmur2(key), partitions)


def _of_hash(hashed: int, partitions: int) -> int:
    return (hashed & 0x7FFFFFFF) % partitions


def _open(kind: Callable[..., T], settings: Mapping[str, Any]) -> T:
    """Make a client; one that cannot connect would leave a thread and four sockets behind."""
    networks: list[KafkaNetClient] = []

    def network(**configs: Any) -> KafkaNetClient:  # noqa: ANN401  kafka-python's own
        networks.append(KafkaNetClient(**configs))
        return networks[-1]

    try:
        return kind(kafka_client=network, **settings)
    except BaseException:
        for one in networks:
            one.close()
        raise
