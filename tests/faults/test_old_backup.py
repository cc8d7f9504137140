"""An old backup of the event store is put back: Kafka is ahead of it."""

import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from ops.reading_back import faults_of_topic, requests, stored
from tests.faults.clients import Client, Load, posting
from tests.faults.invariants import check, published
from tests.faults.machine_room import MachineRoom, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.system]
OTHERS = ("api", "projections-1", "projections-2")


def copy(old: Path, new: Path) -> None:
    subprocess.run(["cp", "-a", str(old), str(new)], check=True)


def test_after_an_old_backup_the_relay_stops_and_the_store_comes_back_from_kafka(
    room: MachineRoom, server_directory: Path
) -> None:
    data, backup = server_directory / "postgres/data", server_directory / "backup"
    relay, postgres = room.programs["relay"], room.postgres
    with posting(room.port, room.keys, clients=2) as first:
        wait_for(lambda: len(first) > 40, "there is load")
    with room.without(*OTHERS, "relay"):
        postgres.stop()
        copy(data, backup)
        postgres.start()
    wait_for(room.ready, "the service is ready")
    with posting(room.port, room.keys, clients=2) as second:
        wait_for(lambda: len(second) > 40, "there is more load")
    check(room, first.acknowledged + second.acknowledged)
    whole, known = stored(postgres.url), requests(postgres.url)

    with room.without(*OTHERS):
        relay.let_end()
        postgres.stop()
        shutil.rmtree(data)
        copy(backup, data)
        postgres.start()
        wait_for(lambda: not relay.alive, "the relay has stopped")
        assert relay.exit_code == 1
        assert "old backup" in relay.said()
    # The restored store goes on, and has other events where Kafka has those that were lost.
    wait_for(room.ready, "the service is ready")
    client = Client(room.port, room.keys, Load())
    lost = len(whole) - len(stored(postgres.url))
    for _ in range(lost + 5):
        client.take_in()
    client.close()
    relay.start()
    relay.let_end()
    wait_for(lambda: not relay.alive, "the relay has stopped again")
    assert relay.exit_code == 1
    assert "this event store has another there" in relay.said()
    assert faults_of_topic(whole, published(room.kafka.bootstrap_servers)) == []

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored TEMPLATE template0")
    new = postgres.url.removesuffix("/postgres") + "/restored"
    room.tracker("migrate", TRACKER_STORE_URL=new)
    room.tracker("restore", "--from-kafka", TRACKER_STORE_URL=new)
    assert stored(new) == whole
    assert requests(new) == known
