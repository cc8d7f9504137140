"""The number of partitions that a topic has."""

from collections.abc import Sequence

from tracker.adapters.kafka.connection import KafkaConnection, open_admin


def partitions_of(connection: KafkaConnection, topics: Sequence[str]) -> dict[str, int]:
    """Return how many partitions each topic has; a missing topic is left out.

    Raise kafka-python's errors.
    """
    with open_admin(connection) as admin:
        described = admin.describe_topics(list(topics))
    return {one["name"]: len(one["partitions"]) for one in described if one["partitions"]}
