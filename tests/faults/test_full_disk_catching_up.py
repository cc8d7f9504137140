"""Kafka's disk fills up while the relay catches up, again and again; that takes root.

`TRACKER_TEST_FAULT_FULL_DISKS` says how often. Every time the disk is full twice: the second
time hits the relay while it recovers from the first.
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

TIMES = int(os.environ.get("TRACKER_TEST_FAULT_FULL_DISKS", "2"))
DOSSIERS = 250
MEGABYTES = 200
_PATIENCE_S = 180
_TAKES = RelayTimes(transaction_s=4, stand_by_s=6, look_again_s=0.02, batch=40)


@pytest.fixture
def disk(needs_kafka: None, server_directory: Path) -> Iterator[Path]:
    with small_disk(server_directory / "disk", MEGABYTES) as made:
        yield made


def test_every_event_is_on_kafka_once_after_full_disks_during_catch_up(
    disk: Path, server_directory: Path, tmp_path: Path
) -> None:
    chance = random.Random(13)
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
        relay = Running(store, connection, names, times=_TAKES)
        relay.thread.start()
        try:
            for time in range(TIMES):
                for first in (1, 501):  # there is always something left to be published
                    head = append(store, histories(DOSSIERS, first=first + time * 1_000))
                    fill_while_it_publishes(cluster, disk, relay, chance)
                wait_for(partial(reached, relay, head), "all is on Kafka", seconds=_PATIENCE_S)
                check(connection, names, store)
                _log.info("full disk %s of %s: %s events, each once", time + 1, TIMES, head)
        finally:
            relay.stop()


def reached(relay: Running, position: int) -> bool:
    if relay.error:
        raise relay.error
    return bool(relay.states) and relay.states[-1].position >= position


def fill_while_it_publishes(
    cluster: KafkaCluster, disk: Path, relay: Running, chance: random.Random
) -> None:
    """Fill the disk in the middle of publishing, and free it when that was felt."""
    begun = relay.states[-1].position if relay.states else 0
    more = chance.randint(1, 300)
    wait_for(lambda: reached(relay, begun + more), "it publishes", seconds=_PATIENCE_S)
    ballast = fill(disk)
    os.truncate(ballast, max(0, ballast.stat().st_size - chance.randint(0, 64) * 4096))
    wait_for(
        lambda: relay.is_in("in_trouble") or not cluster.alive(1) or relay.states[-1].lag == 0,
        "the full disk is felt",
        seconds=_PATIENCE_S,
    )
    if (
        relay.states[-1].lag and chance.random() < 0.5
    ):  # while the broker still tries to end what it began
        wait_for(lambda: not relay.is_in("publishing"), "it notices", seconds=_PATIENCE_S)
    cluster.kill()
    ballast.unlink()
    cluster.start()


def check(connection: KafkaConnection, names: TopicNames, store: DossierRecorder) -> None:
    found = sorted(
        (int(headers(one)["notification_id"]), one.value)
        for one in records(connection.servers, names.events)
    )
    assert found == [(one.id, one.state) for one in store.select_notifications(0, 1_000_000)]
