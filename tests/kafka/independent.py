"""What stands in Kafka, read by kafka-python alone and by none of our own code."""

from collections import defaultdict
from typing import Any

from kafka import KafkaConsumer, TopicPartition


def records(servers: str, topic: str) -> list[Any]:
    """Give every committed record of a topic, partition by partition, in order."""
    consumer = KafkaConsumer(
        bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    try:
        partitions = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found: dict[TopicPartition, list[Any]] = defaultdict(list)
        while any(consumer.position(one) < ends[one] for one in partitions):
            for partition, got in consumer.poll(timeout_ms=200).items():
                found[partition] += [one for one in got if one.offset < ends[partition]]
    finally:
        consumer.close()
    return [record for partition in sorted(found) for record in found[partition]]


def headers(record: Any) -> dict[str, str]:  # noqa: ANN401  kafka-python has no types
    return {name: value.decode() for name, value in record.headers}


def versions(published: list[Any]) -> dict[str, list[int]]:
    """Give the versions of each dossier in the order they stand in Kafka."""
    told: dict[str, list[int]] = {}
    for record in published:
        told.setdefault(record.key.decode(), []).append(int(headers(record)["originator_version"]))
    return told
