"""Three brokers, two of which must have what is acknowledged: one after the other is killed."""

import time

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaConnectionError

from ops.reading_back import EVENTS_TOPIC
from tests.faults.clients import posting
from tests.faults.invariants import check, published
from tests.faults.machine_room import MachineRoom, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture
def brokers() -> int:
    return 3


def leader(room: MachineRoom) -> int:
    with KafkaAdminClient(bootstrap_servers=room.kafka.bootstrap_servers) as client:
        (described,) = client.describe_topics([EVENTS_TOPIC])
        return int(described["partitions"][0]["leader_id"])


def count(room: MachineRoom) -> int:
    """Count what is published; nothing as long as it is the dead broker that is asked."""
    try:
        return len(published(room.kafka.bootstrap_servers))
    except KafkaConnectionError:
        return 0


def test_one_of_three_brokers_killed_under_load_costs_nothing(room: MachineRoom) -> None:
    with posting(room.port, room.keys, clients=2, rate=8) as load:
        wait_for(lambda: len(load) > 20, "there is load")
        struck = leader(room)
        room.kafka.kill(struck)
        before = len(load)
        wait_for(lambda: count(room) > before, "two brokers go on", seconds=90)
        room.kafka.start(struck)
        time.sleep(2)
    assert before < check(room, load.acknowledged)
