from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.kafka.histories import sqlite_store
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.application.ports import DossierRecorder

PARTITIONS = 4


@pytest.fixture
def connection(kafka: str) -> KafkaConnection:
    return KafkaConnection(kafka)


@pytest.fixture
def names(connection: KafkaConnection) -> TopicNames:
    """Return the names of new topics for one test."""
    names = TopicNames(f"test-{uuid4().hex[:12]}")
    create_topics(
        connection, wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)
    )
    return names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DossierRecorder]:
    with sqlite_store(tmp_path / "events.db") as store:
        yield store
