"""Invariants after any fault, checked by readers that share no code with the service.

`ops/reading_back.py` checks the store and the topic. Only the read models are checked with the
service's own commands and its look-up.
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


def check_read_models(cluster: Cluster, acknowledged: Sequence[Posted]) -> None:
    """Check that look-ups find the acknowledged commands and that a rebuild gives equal models."""
    client = Client(cluster.port, cluster.keys, Load())
    newest: dict[str, Posted] = {}
    for posted in acknowledged:
        if posted.code not in newest or newest[posted.code].version < posted.version:
            newest[posted.code] = posted
    for posted in newest.values():
        status, body = 0, None

        def is_answered(posted: Posted = posted) -> bool:
            nonlocal status, body
            path = f"/v1/lookup/{posted.code}?after={posted.position}"
            status, body = client.ask("GET", path)
            return status not in {0, 503}

        wait_for(is_answered, f"{posted} is found")
        assert status == 200, body
        assert body
        assert (body["code"], body["status"]) == (posted.code, posted.status)
    client.close()
    cluster.tracker("verify")
    assert cluster.tracker("rebuild").stdout.count(": equal") == 5


def check(cluster: Cluster, acknowledged: Sequence[Posted]) -> int:
    """Wait until all events are on Kafka, check everything, and return the number of events."""
    wait_for(cluster.ready, "the service is ready again")
    events = stored(cluster.postgres.url)
    assert faults_of_store(events, requests(cluster.postgres.url), acknowledged) == []
    topic_records: list[Any] = []

    def all_published() -> bool:
        nonlocal topic_records
        topic_records = published(cluster.kafka.bootstrap_servers)
        return len(topic_records) >= len(events)

    wait_for(all_published, "all is on Kafka", seconds=_SETTLED_WITHIN_S)
    assert faults_of_topic(events, topic_records) == []
    check_read_models(cluster, acknowledged)
    assert stored(cluster.postgres.url) == events
    assert len(published(cluster.kafka.bootstrap_servers)) == len(events)
    return len(events)
