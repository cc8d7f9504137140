"""Kafka's disk fills up several times while the relay catches up. This test needs root.

`TRACKER_TEST_FAULT_FULL_DISKS` sets the number of rounds. The disk fills up twice in each round,
the second time while the relay recovers from the first.
"""

import logging
import os
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ops.local_servers.kafka import KafkaCluster
from ops.reading_back import headers, records
from tests.faults.cluster import wait_for
from tests.faults.conftest import kept_logs
from tests.faults.test_full_disk import fill, small_disk
from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import Running
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.relay.relay import RelayTimes
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.application.ports import DossierRecorder

pytestmark = [pytest.mark.slow, pytest.mark.system]

_log = logging.getLogger(__name__)

ROUNDS = int(os.environ.get("TRACKER_TEST_FAULT_FULL_DISKS", "2"))
DOSSIERS = 250
MEGABYTES = 200
_PATIENCE_S = 180
_RELAY_TIMES = RelayTimes(transaction_s=4, stand_by_s=6, look_again_s=0.02, batch=40)


@pytest.fixture
def disk(needs_kafka: None, server_directory: Path) -> Iterator[Path]:
    with small_disk(server_directory / "disk", MEGABYTES) as mounted:
        yield mounted


def test_every_event_is_on_kafka_once_after_full_disks_during_catch_up(
    disk: Path, server_directory: Path, tmp_path: Path
) -> None:
    randomness = random.Random(13)
    cluster = KafkaCluster(
        server_directory / "kafka", data_directory=disk, java_options=["-Xms96m", "-Xmx288m"]
    )
    connection, names = KafkaConnection(cluster.bootstrap_servers), TopicNames("full")
    with (
        kept_logs(server_directory, tmp_path),
        sqlite_store(tmp_path / "events.db") as store,
        cluster,
    ):
        create_topics(connection, wanted_topics(names, partitions=3, replication=1, min_insync=1))
        relay = Running(store, connection, names, times=_RELAY_TIMES)
        relay.thread.start()
        try:
            for number in range(ROUNDS):
                for first in (1, 501):  # events are always left to publish
                    head = append(store, histories(DOSSIERS, first=first + number * 1_000))
                    fill_while_it_publishes(cluster, disk, relay, randomness)
                wait_for(partial(reached, relay, head), "all is on Kafka", seconds=_PATIENCE_S)
                check(connection, names, store)
                _log.info("round %s of %s: %s events, each once", number + 1, ROUNDS, head)
        finally:
            relay.stop()


def reached(relay: Running, position: int) -> bool:
    if relay.error:
        raise relay.error
    return bool(relay.states) and relay.states[-1].position >= position


def fill_while_it_publishes(
    cluster: KafkaCluster, disk: Path, relay: Running, randomness: random.Random
) -> None:
    """Fill the disk while the relay publishes, and free it after the relay or broker fails."""
    begun = relay.states[-1].position if relay.states else 0
    more = randomness.randint(1, 300)
    wait_for(lambda: reached(relay, begun + more), "the relay publishes", seconds=_PATIENCE_S)
    ballast = fill(disk)
    os.truncate(ballast, max(0, ballast.stat().st_size - randomness.randint(0, 64) * 4096))
    wait_for(
        lambda: relay.is_in("in_trouble") or not cluster.alive(1) or relay.states[-1].lag == 0,
        "the full disk has an effect",
        seconds=_PATIENCE_S,
    )
    if (
        relay.states[-1].lag and randomness.random() < 0.5
    ):  # while the broker still tries to end a transaction
        wait_for(
            lambda: not relay.is_in("publishing"),
            "the relay reports the fault",
            seconds=_PATIENCE_S,
        )
    cluster.kill()
    ballast.unlink()
    cluster.start()


def check(connection: KafkaConnection, names: TopicNames, store: DossierRecorder) -> None:
    published = sorted(
        (int(headers(record)["notification_id"]), record.value)
        for record in records(connection.servers, names.events)
    )
    stored = [(event.id, event.state) for event in store.select_notifications(0, 1_000_000)]
    assert published == stored
