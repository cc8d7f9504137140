"""A relay is frozen beyond its transaction timeout and woken after another has taken over."""

import signal
import time

import pytest

from ops.reading_back import stored
from tests.faults.clients import posting
from tests.faults.cluster import Cluster, Program, wait_for
from tests.faults.invariants import check, published

pytestmark = [pytest.mark.slow, pytest.mark.system]


@pytest.fixture
def relays() -> tuple[str, ...]:
    return ("relay-a", "relay-b")


def is_publishing(relay: Program) -> bool:
    return "publishes the events after" in relay.log.read_text(errors="replace")


def test_a_relay_woken_after_another_took_over_publishes_nothing_twice(
    cluster: Cluster,
) -> None:
    relays = [cluster.programs["relay-a"], cluster.programs["relay-b"]]
    with posting(cluster.port, cluster.keys, clients=2, rate=10) as load:
        wait_for(lambda: any(map(is_publishing, relays)), "one relay publishes")
        active, other = sorted(relays, key=is_publishing, reverse=True)
        assert not is_publishing(other)
        wait_for(lambda: len(load) > 30, "there is load")
        cluster.kafka.pause()  # so that the frozen relay has an open transaction
        time.sleep(1)
        active.send(signal.SIGSTOP)
        cluster.kafka.resume()
        before = len(published(cluster.kafka.bootstrap_servers))
        wait_for(lambda: is_publishing(other), "the other relay takes over", seconds=90)
        wait_for(
            lambda: len(published(cluster.kafka.bootstrap_servers)) > before + 20,
            "the other relay publishes more",
        )
        active.send(signal.SIGCONT)
        time.sleep(3)
    check(cluster, load.acknowledged)
    assert active.ends == other.ends == []
    assert len(stored(cluster.postgres.url)) > before
