"""An installation whose store holds an archive already, and a Kafka to bring it to."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from pydantic import SecretStr

from loadtests.bench import archive, machine
from ops.local_servers.kafka import KafkaCluster
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.bootstrap import installation
from tracker.cli.collecting import collecting_seldom
from tracker.installation import Installation
from tracker.settings import Settings


@contextmanager
def archived(dossiers: int, told: Callable[[str], None]) -> Iterator[Installation]:
    """Give an installation on a PostgreSQL of its own with so many finished dossiers."""
    with machine.on_postgres(follows=True) as site:
        settings = Settings(
            data_dir=Path(site.environment["TRACKER_DATA_DIR"]),
            store_url=site.environment["TRACKER_STORE_URL"],
            master_key=SecretStr(site.environment["TRACKER_MASTER_KEY"]),
        )
        key = settings.master_key_bytes()
        archive.load(settings.store_url, dossiers, seed=1, master_key=key, told=told)
        with psycopg.connect(settings.store_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        with installation(settings) as it:
            yield it


@contextmanager
def kafka() -> Iterator[KafkaConnection]:
    """Give a broker, on the processors of whoever starts it."""
    with machine.directory() as made, KafkaCluster(made) as cluster:
        yield KafkaConnection(cluster.bootstrap_servers)


def new_topics(connection: KafkaConnection) -> TopicNames:
    """Make the topics of an installation, with names of their own."""
    names, usual = TopicNames(f"bench-{uuid4().hex[:10]}"), Settings.model_fields
    partitions = usual["kafka_partitions"].default
    create_topics(
        connection, wanted_topics(names, partitions=partitions, replication=1, min_insync=1)
    )
    return names


def move_to(processors: set[int]) -> None:
    """Go on, with what is started from now on, on these processors."""
    os.sched_setaffinity(0, processors)


@contextmanager
def measured() -> Iterator[None]:
    """Be like a program of Tracker's that runs where the one that is measured does."""
    move_to(machine.SERVER)
    with collecting_seldom():
        yield
