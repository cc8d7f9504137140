"""The records of an installation's topics, as lines of JSON and back."""

import base64
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from ops.reading_back import records
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics

Line = dict[str, Any]
"""A record as it is kept in the file."""

KEPT_FOR_EVER = ("dossier-events", "relay-positions", "checkpoints")
"""Only their records bear the times they had: Kafka would delete old ones of the other topics."""


def freeze(servers: str, names: TopicNames, partitions: int, file: Path) -> None:
    """Write every committed record of every topic to the file."""
    with gzip.GzipFile(file, "wb", mtime=0) as packed:
        for topic in wanted_topics(names, partitions=partitions, replication=1, min_insync=1):
            for one in records(servers, topic.name):
                line = {
                    "topic": topic.name.removeprefix(f"{names.prefix}."),
                    "partition": one.partition,
                    "offset": one.offset,
                    "timestamp": one.timestamp,
                    "key": _text(one.key),
                    "value": _text(one.value),
                    "headers": [[name, _text(value)] for name, value in one.headers],
                }
                packed.write(json.dumps(line).encode() + b"\n")


def thaw(connection: KafkaConnection, names: TopicNames, partitions: int, file: Path) -> None:
    """Make the topics, and write each record to the partition and the offset it had."""
    topics = wanted_topics(names, partitions=partitions, replication=1, min_insync=1)
    create_topics(connection, topics)
    producer = KafkaProducer(
        bootstrap_servers=connection.servers,
        transactional_id=f"{names.prefix}-thaw",
        transaction_timeout_ms=60_000,
    )
    try:
        producer.init_transactions()
        for group in _transactions(file):
            producer.begin_transaction()
            sent = [(one["offset"], _send(producer, names, one)) for one in group]
            producer.commit_transaction()
            assert all(offset == future.get().offset for offset, future in sent)
    finally:
        producer.close()


def _send(producer: KafkaProducer, names: TopicNames, one: Line) -> Any:  # noqa: ANN401  no types
    return producer.send(
        f"{names.prefix}.{one['topic']}",
        partition=one["partition"],
        key=_bytes(one["key"]),
        value=_bytes(one["value"]),
        headers=[(name, _bytes(value)) for name, value in one["headers"]],
        timestamp_ms=one["timestamp"] if one["topic"] in KEPT_FOR_EVER else None,
    )


def _transactions(file: Path) -> list[list[Line]]:
    """Return the records in groups to be committed one after the other.

    The end of a transaction takes an offset of its own in each partition it wrote to. So a
    partition's records belong to one group up to a gap, and to the next group after it.
    """
    groups: dict[int, list[Line]] = defaultdict(list)
    before: dict[tuple[str, int], tuple[int, int]] = {}
    for one in lines(file):
        place = one["topic"], one["partition"]
        offset, group = before.get(place, (-1, 0))
        group += one["offset"] > offset + 1
        groups[group].append(one)
        before[place] = one["offset"], group
    return [groups[number] for number in sorted(groups)]


def lines(file: Path) -> Iterator[Line]:
    with gzip.open(file, "rt", encoding="utf-8") as packed:
        yield from map(json.loads, packed)


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
