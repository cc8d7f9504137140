"""The number of partitions that a topic has."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from tracker.adapters.kafka.connection import KafkaConnection, open_admin

_CONNECTS_WITHIN_S = 1.0


def can_be_reached(connection: KafkaConnection) -> bool:
    """Return whether one of the servers accepts a connection; a client would try for long."""
    for server in connection.servers.split(","):
        with suppress(OSError, ValueError):
            address = urlsplit(f"//{server.strip()}")
            where = (address.hostname or "", address.port or 9092)
            with socket.create_connection(where, timeout=_CONNECTS_WITHIN_S):
                return True
    return False


def partitions_of(connection: KafkaConnection, topics: Sequence[str]) -> dict[str, int]:
    """Return how many partitions each topic has; a missing topic is left out.

    Raise kafka-python's errors.
    """
    with open_admin(connection) as admin:
        described = admin.describe_topics(list(topics))
    return {one["name"]: len(one["partitions"]) for one in described if one["partitions"]}
