"""The service does not use NOTIFY: it finds events of other processes by polling."""

import time

import psycopg
import pytest

from tests.faults.clients import Client, Load
from tests.faults.cluster import Cluster, wait_for
from tests.faults.invariants import check, published

pytestmark = [pytest.mark.slow, pytest.mark.system]
WITHIN_S = 10.0


def test_what_another_process_stored_is_relayed_and_projected_by_polling_alone(
    cluster: Cluster,
) -> None:
    load = Load()
    client = Client(cluster.port, cluster.keys, load)
    client.take_in()
    wait_for(lambda: len(published(cluster.kafka.bootstrap_servers)) == 1, "the first is relayed")
    for _ in range(5):
        time.sleep(0.5)
        taken = client.take_in()
        stored_at = time.monotonic()

        def is_shown(code: str = taken.code) -> bool:
            return client.ask("GET", f"/v1/lookup/{code}")[0] == 200

        wait_for(is_shown, "it is shown", seconds=30)
        assert time.monotonic() - stored_at < WITHIN_S
    with psycopg.connect(cluster.postgres.url) as connection:
        listening = connection.execute(
            "SELECT query FROM pg_stat_activity WHERE query ILIKE '%listen%' AND pid <>"
            " pg_backend_pid()"
        ).fetchall()
    assert listening == []
    client.close()
    check(cluster, load.acknowledged)
