"""An old backup of the event store is put back: Kafka is ahead of it."""

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
from tests.faults.invariants import check, published
from tests.faults.machine_room import DESK, MachineRoom, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.system]
OTHERS = ("api", "projections-1", "projections-2")
BEHIND = "/problems/store-behind"


def copy(old: Path, new: Path) -> None:
    subprocess.run(["cp", "-a", str(old), str(new)], check=True)


class Branch(Client):
    """A branch that sends again what was cut off while the service was started anew."""

    def ask(self, method: str, path: str, who: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401  whatever is JSON
        answer = super().ask(method, path, who, body)
        return answer if answer[0] else super().ask(method, path, who, body)

    def kind(self, method: str, path: str, who: str = "", body: Any = None) -> tuple[int, Any]:  # noqa: ANN401  as above
        status, answer = self.ask(method, path, who, body)
        return status, answer.get("type") if isinstance(answer, Mapping) else answer

    def lease(self) -> set[str]:
        status, block = self.ask("POST", "/v1/code-blocks", DESK, {"size": 20})
        assert status == 201, block
        return set(block["codes"])

    def is_refused(self, code: str) -> None:
        """Writes are refused with what to do, reads are answered."""
        status, problem = self.ask("POST", "/v1/dossiers", DESK, intake())
        assert (status, problem["type"]) == (503, BEHIND)
        assert "'tracker restore --from-kafka'" in problem["detail"]
        assert self.kind("POST", "/v1/dossiers:batch", DESK, [intake()]) == (503, BEHIND)
        assert self.kind("POST", "/v1/code-blocks", DESK, {"size": 20}) == (503, BEHIND)
        assert self.kind("GET", "/readyz") == (503, BEHIND)
        assert self.ask("GET", f"/v1/lookup/{code}")[0] == 200
        assert self.ask("GET", f"/v1/dossiers/{code}", DESK)[0] == 200


def assert_relay_ended(room: MachineRoom, says: str) -> None:
    relay = room.programs["relay"]
    wait_for(lambda: not relay.alive, "the relay has stopped")
    assert relay.exit_code == 1
    assert says in relay.said()


def write_while_kafka_is_away(room: MachineRoom, branch: Branch, code: str, count: int) -> None:
    """Nothing tells that the store is old then: it starts and is written, until Kafka is back."""
    api, relay = room.programs["api"], room.programs["relay"]
    api.stop()
    room.kafka.stop()
    api.start()
    wait_for(room.ready, "the service is ready without Kafka")
    for _ in range(count):
        branch.take_in()
    room.kafka.start()
    wait_for(lambda: not room.ready(), "the service has looked again")
    branch.is_refused(code)
    relay.start()
    relay.let_end()
    assert_relay_ended(room, "this event store has another there")


def codes_of_restored(room: MachineRoom, url: str) -> set[str]:
    """Serve the restored store; return the codes of a block and of five dossiers."""
    room.programs["api"].stop()
    room.environment["TRACKER_STORE_URL"] = url
    made = room.tracker(*("keys", "make", "--role", "staff", "--actor", DESK, "--office", "CN05"))
    restored = room.add("restored", "serve", "--port", str(room.port))
    wait_for(room.ready, "the restored service is ready")
    keys = room.keys | {DESK: made.stdout.split()[-1]}
    with closing(Branch(room.port, keys, Load())) as branch:
        codes = branch.lease() | {branch.take_in().code for _ in range(5)}
    restored.stop()
    assert len(codes) == 25
    return codes


def test_after_an_old_backup_nothing_is_written_and_the_store_comes_back_from_kafka(
    room: MachineRoom, server_directory: Path
) -> None:
    data, backup = server_directory / "postgres/data", server_directory / "backup"
    relay, postgres = room.programs["relay"], room.postgres
    branch = Branch(room.port, room.keys, Load())
    code = branch.take_in().code
    handed_out = branch.lease()
    with posting(room.port, room.keys, clients=2) as first:
        wait_for(lambda: len(first) > 40, "there is load")
    with room.without(*OTHERS, "relay"):
        postgres.stop()
        copy(data, backup)
        postgres.start()
    wait_for(room.ready, "the service is ready")
    with posting(room.port, room.keys, clients=2) as second:
        wait_for(lambda: len(second) > 40, "there is more load")
    handed_out |= branch.lease()
    acknowledged = [*first.acknowledged, *second.acknowledged, *branch.load.acknowledged]
    check(room, acknowledged)
    whole, known = stored(postgres.url), requests(postgres.url)

    with room.without(*OTHERS):
        relay.let_end()
        postgres.stop()
        shutil.rmtree(data)
        copy(backup, data)
        postgres.start()
        assert_relay_ended(room, "old backup")
        room.programs["api"].start()
        wait_for(lambda: branch.ask("GET", "/livez")[0] == 200, "the service answers")
        before = stored(postgres.url)
        branch.is_refused(code)
        assert "older than its own past" in room.programs["api"].said(60)
        accept = ("restore", "--accept-old-backup", "--decision", "try")
        assert "Nothing needs to be lost" in room.tracker(*accept, code=1).stderr
        assert stored(postgres.url) == before
        # No read model has caught up with Kafka yet: only Kafka can tell what is lost.
        write_while_kafka_is_away(room, branch, code, len(whole) - len(before) + 5)
    assert faults_of_topic(whole, published(room.kafka.bootstrap_servers)) == []

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE restored TEMPLATE template0")
    new = postgres.url.removesuffix("/postgres") + "/restored"
    room.tracker("migrate", TRACKER_STORE_URL=new)
    done = room.tracker("restore", "--from-kafka", TRACKER_STORE_URL=new)
    assert "The store is in epoch 1 now" in done.stdout
    assert stored(new) == whole
    assert requests(new) == known
    branch.close()
    assert not codes_of_restored(room, new) & (handed_out | {one.code for one in acknowledged})
