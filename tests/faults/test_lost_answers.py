"""The connection is cut when events are stored, so the client does not know the result."""

import time
from contextlib import closing

import pytest

from ops.local_servers.ports import free_ports
from tests.faults.clients import Client, Load, intake
from tests.faults.cluster import DEPARTMENT, DESK, Cluster, wait_for
from tests.faults.cutting_proxy import Cut, CuttingProxy
from tests.faults.invariants import check

pytestmark = [pytest.mark.slow, pytest.mark.system]


CUTS = (
    [Cut.COMMITTED],
    [Cut.UNANSWERED],
    [Cut.BEFORE],
    [Cut.COMMITTED, Cut.BEFORE, Cut.COMMITTED],
    [Cut.UNANSWERED, Cut.BEFORE],
    [Cut.BEFORE] * 9,
)
_KEY_CACHED_S = 1.2


def test_a_connection_cut_after_the_commit_neither_loses_nor_doubles_an_event(
    cluster: Cluster,
) -> None:
    load = Load()
    cluster.programs["api"].stop()
    (cluster.port,) = free_ports(1)
    with (
        CuttingProxy(cluster.postgres.port) as proxy,
        closing(Client(cluster.port, cluster.keys, load)) as client,
    ):
        cluster.add(
            "cut-off",
            *("serve", "--port", str(cluster.port)),
            TRACKER_STORE_URL=cluster.postgres.url.replace(
                str(cluster.postgres.port), str(proxy.port)
            ),
            TRACKER_VIEWS_URL=cluster.postgres.url,
        )
        dossier = client.take_in()
        for cuts in CUTS:
            proxy.cut_next(*cuts)
            taken = client.take_in()
            assert 0 < proxy.made <= len(cuts)
            tries = 4 if cuts == CUTS[-1] else 1  # the service tries three times per request
            assert taken.answers == (503,) * (tries - 1) + (201,), cuts
            proxy.cut_next(*cuts)
            step = {"step": "complained", "text": "Chờ quá lâu."}
            client.post(f"/v1/dossiers/{dossier.code}/events", DEPARTMENT, step)
        proxy.cut_next()
        check(cluster, load.acknowledged)


def test_without_a_database_every_route_answers_503(cluster: Cluster) -> None:
    load = Load()
    with closing(Client(cluster.port, cluster.keys, load)) as client:
        code = client.take_in().code
        wait_for(lambda: client.ask("GET", f"/v1/lookup/{code}")[0] == 200, "it is shown")
        cluster.postgres.kill()
        for _ in range(2):
            assert [
                client.ask("GET", "/readyz")[0],
                client.ask("GET", f"/v1/lookup/{code}")[0],
                client.ask("GET", f"/v1/dossiers/{code}", DESK)[0],
                client.ask("GET", f"/v1/dossiers/{code}/history", DESK)[0],
                client.ask("POST", "/v1/dossiers", DESK, intake())[0],
            ] == [503] * 5
            time.sleep(_KEY_CACHED_S)
        cluster.postgres.start()
        time.sleep(_KEY_CACHED_S)
        assert [
            client.ask("GET", "/readyz")[0],
            client.ask("GET", "/readyz")[0],
            client.ask("GET", f"/v1/lookup/{code}")[0],
            client.ask("GET", f"/v1/dossiers/{code}", DESK)[0],
            client.ask("GET", f"/v1/dossiers/{code}/history", DESK)[0],
            client.ask("POST", "/v1/dossiers", DESK, intake())[0],
        ] == [200, 200, 200, 200, 200, 201]
        client.take_in()
