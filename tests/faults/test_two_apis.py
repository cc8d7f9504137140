"""Two services on one store get the same command at once: 201 and 200, stored once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest

from ops.local_servers.ports import free_ports
from ops.reading_back import requests
from tests.faults.clients import Client, Load, intake, stamp
from tests.faults.cluster import DEPARTMENT, DESK, Cluster, is_ready, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.system]
PAIRS = 200


def test_of_two_answers_to_one_command_one_is_201_and_one_is_200(cluster: Cluster) -> None:
    (other,) = free_ports(1)
    cluster.add("api-2", "serve", "--port", str(other))
    wait_for(lambda: is_ready(other), "the second service is ready")
    clients = [Client(port, cluster.keys, Load()) for port in (cluster.port, other)]
    barrier = Barrier(2)

    def ask(client: Client, path: str, actor: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401  JSON
        barrier.wait(timeout=30)
        return client.ask("POST", path, actor, body)

    with closing(clients[0]), closing(clients[1]), ThreadPoolExecutor(2) as pool:

        def both(path: str, actor: str, body: Any) -> list[tuple[int, Any]]:  # noqa: ANN401  JSON
            futures = [pool.submit(ask, client, path, actor, body) for client in clients]
            return [future.result() for future in futures]

        code = clients[0].take_in().code
        for number in range(PAIRS):
            command = intake()
            answers = both("/v1/dossiers", DESK, command)
            assert_once(answers)
            text = {**stamp(), "step": "complained", "text": "Chờ quá lâu."}
            assert_once(both(f"/v1/dossiers/{code}/events", DEPARTMENT, text))
            if number % 10 == 0:
                batch = [intake(), intake()]
                pair = both("/v1/dossiers:batch", DESK, batch)
                assert [status for status, _ in pair] == [200, 200]
                for items in zip(*(answer["items"] for _, answer in pair), strict=True):
                    outcomes = sorted(item["outcome"] for item in items)
                    assert outcomes == ["created", "duplicate"], items
    keys = [(source, event_id) for source, event_id, *_ in requests(cluster.postgres.url)]
    assert len(keys) == len(set(keys)) == 1 + 2 * PAIRS + 2 * (PAIRS // 10)


def assert_once(answers: list[tuple[int, Any]]) -> None:
    assert sorted(status for status, _ in answers) == [200, 201], answers
    bodies: list[Mapping[str, Any]] = [body for _, body in answers]
    assert sorted(body["duplicate"] for body in bodies) == [False, True]
    assert len({(body["code"], body["version"], body["position"]) for body in bodies}) == 1
