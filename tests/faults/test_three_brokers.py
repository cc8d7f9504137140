"""Three brokers with two in-sync replicas: one broker is killed under load."""

import time

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaConnectionError

from ops.reading_back import EVENTS_TOPIC
from tests.faults.clients import posting
from tests.faults.cluster import Cluster, wait_for
from tests.faults.invariants import check, published

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture
def brokers() -> int:
    return 3


def leader(cluster: Cluster) -> int:
    with KafkaAdminClient(bootstrap_servers=cluster.kafka.bootstrap_servers) as client:
        (described,) = client.describe_topics([EVENTS_TOPIC])
        return int(described["partitions"][0]["leader_id"])


def count(cluster: Cluster) -> int:
    """Return the number of published events, or 0 if the dead broker was asked."""
    try:
        return len(published(cluster.kafka.bootstrap_servers))
    except KafkaConnectionError:
        return 0


def test_killing_one_of_three_brokers_under_load_loses_nothing(cluster: Cluster) -> None:
    with posting(cluster.port, cluster.keys, clients=2, rate=8) as load:
        wait_for(lambda: len(load) > 20, "there is load")
        struck = leader(cluster)
        cluster.kafka.kill(struck)
        before = len(load)
        wait_for(lambda: count(cluster) > before, "two brokers continue", seconds=90)
        cluster.kafka.start(struck)
        time.sleep(2)
    assert before < check(cluster, load.acknowledged)
