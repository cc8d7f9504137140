"""An old backup of the event store is restored, so Kafka is ahead of the store."""

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops.reading_back import faults_of_topic, requests, stored
from tests.faults.clients import Client, Load, intake, posting
from tests.faults.cluster import DESK, Cluster, wait_for
from tests.faults.invariants import check, published

pytestmark = [pytest.mark.slow, pytest.mark.system]
OTHERS = ("api", "projections-1", "projections-2")
BEHIND = "/problems/store-behind"


def copy(old: Path, new: Path) -> None:
    subprocess.run(["cp", "-a", str(old), str(new)], check=True)


class Branch(Client):
    """A client that repeats a request once if it got no answer during a restart."""

    def ask(self, method: str, path: str, actor: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401  JSON
        answer = super().ask(method, path, actor, body)
        return answer if answer[0] else super().ask(method, path, actor, body)

    def kind(self, method: str, path: str, actor: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401  JSON
        status, answer = self.ask(method, path, actor, body)
        return status, answer.get("type") if isinstance(answer, Mapping) else answer

    def lease(self) -> set[str]:
        status, block = self.ask("POST", "/v1/code-blocks", DESK, {"size": 20})
        assert status == 201, block
        return set(block["codes"])

    def is_refused(self, code: str) -> None:
        """Check that writes are refused with a remedy and reads are answered."""
        status, problem = self.ask("POST", "/v1/dossiers", DESK, intake())
        assert (status, problem["type"]) == (503, BEHIND)
        assert "'tracker restore --from-kafka'" in problem["detail"]
        assert self.kind("POST", "/v1/dossiers:batch", DESK, [intake()]) == (503, BEHIND)
        assert self.kind("POST", "/v1/code-blocks", DESK, {"size": 20}) == (503, BEHIND)
        assert self.kind("GET", "/readyz") == (503, BEHIND)
        assert self.ask("GET", f"/v1/lookup/{code}")[0] == 200
        assert self.ask("GET", f"/v1/dossiers/{code}", DESK)[0] == 200


def assert_relay_ended(cluster: Cluster, text: str) -> None:
    relay = cluster.programs["relay"]
    wait_for(lambda: not relay.alive, "the relay has stopped")
    assert relay.exit_code == 1
    assert text in relay.last_lines()


def write_while_kafka_is_away(cluster: Cluster, branch: Branch, code: str, count: int) -> None:
    """Write while nothing shows that the store is old, and check the refusal after that."""
    api, relay = cluster.programs["api"], cluster.programs["relay"]
    api.stop()
    cluster.kafka.stop()
    api.start()
    wait_for(cluster.ready, "the service is ready without Kafka")
    for _ in range(count):
        branch.take_in()
    cluster.kafka.start()
    wait_for(lambda: not cluster.ready(), "the service has compared the store with Kafka")
    branch.is_refused(code)
    relay.start()
    relay.let_end()
    assert_relay_ended(cluster, "this event store has another event at that position")


def codes_of_restored(cluster: Cluster, url: str) -> set[str]:
    """Serve the restored store. Return the codes of a code block and of five new dossiers."""
    cluster.programs["api"].stop()
    cluster.environment["TRACKER_STORE_URL"] = url
    created = cluster.tracker(
        *("keys", "make", "--role", "staff", "--actor", DESK, "--office", "CN05")
    )
    restored = cluster.add("restored", "serve", "--port", str(cluster.port))
    wait_for(cluster.ready, "the restored service is ready")
    keys = cluster.keys | {DESK: created.stdout.split()[-1]}
    with closing(Branch(cluster.port, keys, Load())) as branch:
        codes = branch.lease() | {branch.take_in().code for _ in range(5)}
    restored.stop()
    assert len(codes) == 25
    return codes


def test_after_an_old_backup_nothing_is_written_and_the_store_comes_back_from_kafka(
    cluster: Cluster, server_directory: Path
) -> None:
    data, backup = server_directory / "postgres/data", server_directory / "backup"
    relay, postgres = cluster.programs["relay"], cluster.postgres
    branch = Branch(cluster.port, cluster.keys, Load())
    code = branch.take_in().code
    handed_out = branch.lease()
    with posting(cluster.port, cluster.keys, clients=2) as first:
        wait_for(lambda: len(first) > 40, "there is load")
    with cluster.without(*OTHERS, "relay"):
        postgres.stop()
        copy(data, backup)
        postgres.start()
    wait_for(cluster.ready, "the service is ready")
    with posting(cluster.port, cluster.keys, clients=2) as second:
        wait_for(lambda: len(second) > 40, "there is more load")
    handed_out |= branch.lease()
    acknowledged = [*first.acknowledged, *second.acknowledged, *branch.load.acknowledged]
    check(cluster, acknowledged)
    whole, known = stored(postgres.url), requests(postgres.url)

    with cluster.without(*OTHERS):
        relay.let_end()
        postgres.stop()
        shutil.rmtree(data)
        copy(backup, data)
        postgres.start()
        assert_relay_ended(cluster, "old backup")
        cluster.programs["api"].start()
        wait_for(lambda: branch.ask("GET", "/livez")[0] == 200, "the service answers")
        before = stored(postgres.url)
        branch.is_refused(code)
        assert "older than its own past" in cluster.programs["api"].last_lines(60)
        accept = ("restore", "--accept-old-backup", "--decision", "try")
        assert "Nothing needs to be lost" in cluster.tracker(*accept, code=1).stderr
        assert stored(postgres.url) == before
        # No read model has caught up with Kafka yet, so only Kafka shows which events are lost.
        write_while_kafka_is_away(cluster, branch, code, len(whole) - len(before) + 5)
    assert faults_of_topic(whole, published(cluster.kafka.bootstrap_servers)) == []

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored TEMPLATE template0")
    new = postgres.url.removesuffix("/postgres") + "/restored"
    cluster.tracker("migrate", TRACKER_STORE_URL=new)
    done = cluster.tracker("restore", "--from-kafka", TRACKER_STORE_URL=new)
    assert "The store is in epoch 1 now" in done.stdout
    assert stored(new) == whole
    assert requests(new) == known
    branch.close()
    assert not codes_of_restored(cluster, new) & (
        handed_out | {posted.code for posted in acknowledged}
    )
