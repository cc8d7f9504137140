"""What must hold whoever died when, seen by readers that share no code with the service.

What stands in the store and in the topic is judged by `ops/reading_back.py`. Only the read models
are judged by the service's own commands, and by what its look-up answers.
"""

from collections.abc import Sequence
from typing import Any

from ops.reading_back import (
    events_topic,
    faults_of_store,
    faults_of_topic,
    records,
    requests,
    stored,
)
from tests.faults.clients import Client, Load, Posted
from tests.faults.cluster import Cluster, wait_for

_SETTLED_WITHIN_S = 120


def published(servers: str) -> list[Any]:
    return records(servers, events_topic(servers))


def check_read_models(cluster: Cluster, told: Sequence[Posted]) -> None:
    """Everybody finds what was acknowledged to him, and the read models equal a fold."""
    client = Client(cluster.port, cluster.keys, Load())
    newest: dict[str, Posted] = {}
    for one in told:
        if one.code not in newest or newest[one.code].version < one.version:
            newest[one.code] = one
    for one in newest.values():
        found: tuple[int, Any] = (0, None)

        def is_found(one: Posted = one) -> bool:
            nonlocal found
            found = client.ask("GET", f"/v1/lookup/{one.code}?after={one.position}")
            return found[0] not in {0, 503}

        wait_for(is_found, f"{one} is found")
        assert found[0] == 200, found
        assert (found[1]["code"], found[1]["status"]) == (one.code, one.status)
    client.close()
    cluster.tracker("verify")
    assert cluster.tracker("rebuild").stdout.count(": equal") == 5


def check(cluster: Cluster, told: Sequence[Posted]) -> int:
    """Wait until all is quiet, check everything, and give how many events were checked."""
    wait_for(cluster.ready, "the service is ready again")
    events = stored(cluster.postgres.url)
    assert faults_of_store(events, requests(cluster.postgres.url), told) == []
    found: list[Any] = []

    def all_there() -> bool:
        nonlocal found
        found = published(cluster.kafka.bootstrap_servers)
        return len(found) >= len(events)

    wait_for(all_there, "all is on Kafka", seconds=_SETTLED_WITHIN_S)
    assert faults_of_topic(events, found) == []
    check_read_models(cluster, told)
    assert stored(cluster.postgres.url) == events
    assert len(published(cluster.kafka.bootstrap_servers)) == len(events)
    return len(events)
