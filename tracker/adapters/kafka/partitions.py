"""The number of partitions that a topic has."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from tracker.adapters.kafka.connection import KafkaConnection, open_admin

_CONNECTS_WITHIN_S = 1.0


def can_be_reached(connection: KafkaConnection) -> bool:
    """Return whether a server accepts a connection. A Kafka client would retry for longer."""
    for server in connection.servers.split(","):
        with suppress(OSError, ValueError):
            address = urlsplit(f"//{server.strip()}")
            host_and_port = (address.hostname or "", address.port or 9092)
            with socket.create_connection(host_and_port, timeout=_CONNECTS_WITHIN_S):
                return True
    return False


def partitions_of(connection: KafkaConnection, topics: Sequence[str]) -> dict[str, int]:
    """Return the number of partitions of each topic. Missing topics are left out.

    Raise kafka-python's errors.
    """
    with open_admin(connection) as admin:
        described = admin.describe_topics(list(topics))
    return {topic["name"]: len(topic["partitions"]) for topic in described if topic["partitions"]}
