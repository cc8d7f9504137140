"""The production shape as real processes: `serve` and `work`, with Kafka between them."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

import httpx2
import pytest
from kafka import KafkaProducer

from ops.local_servers.ports import free_ports
from tests.commands import Done, bare_environment, run_here

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


@dataclass
class Room:
    """One installation's environment, and the processes started in it."""

    environment: dict[str, str]
    directory: Path
    stack: ExitStack = field(default_factory=ExitStack)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *arguments: str) -> Done:
        """Run a command to its end, in this process."""
        return run_here(arguments, self.environment)

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], Path]:
        log = self.directory / f"{uuid4().hex}.log"
        output: IO[str] = self.stack.enter_context(log.open("w"))
        process = subprocess.Popen(
            [sys.executable, "-m", "tracker", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=output,
            stderr=output,
            text=True,
        )
        self.stack.callback(_end, process)
        self.processes.append(process)
        return process, log


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


@contextmanager
def room(directory: Path, **settings: str) -> Iterator[Room]:
    variables = {f"TRACKER_{name.upper()}": value for name, value in settings.items()}
    made = Room(bare_environment(TRACKER_DATA_DIR=str(directory), **variables), directory)
    with made.stack:
        yield made


@pytest.fixture
def production(postgres_url: str, kafka: str, tmp_path: Path) -> Iterator[Room]:
    prefix = f"test-{uuid4().hex[:12]}"
    with room(
        tmp_path,
        store_url=postgres_url,
        kafka_servers=kafka,
        kafka_topic_prefix=prefix,
        kafka_partitions="4",
    ) as made:
        for command in ("migrate", "topics"):
            done = made.run(command)
            assert done.returncode == 0, done.stderr
        yield made


def serve(made: Room) -> str:
    port = free_ports(1)[0]
    _, log = made.start("serve", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: _answers(f"{address}/readyz"), log)
    return address


def _answers(address: str) -> bool:
    try:
        return httpx2.get(address, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def wait_for(what: "object", log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def take_in(made: Room, address: str, event_id: str) -> httpx2.Response:
    key = made.run("keys", "make", "--role", "staff", "--actor", event_id, "--office", "CN05")
    body = {
        "event_id": event_id,
        "occurred_at": datetime.now(UTC).isoformat(),
        "procedure": "2.001610",
        "applicant": {"name": "An"},
    }
    headers = {"Authorization": f"Bearer {key.stdout.strip()}"}
    return httpx2.post(f"{address}/v1/dossiers", json=body, headers=headers, timeout=PATIENCE_S)


def test_what_is_written_is_found_through_kafka_by_who_waits_for_it(production: Room) -> None:
    address = serve(production)
    _, log = production.start("work")
    written = take_in(production, address, "clerk-1")
    assert written.status_code == 201, written.text
    found = f"{address}/v1/lookup/{written.json()['code']}?after={written.json()['position']}"
    wait_for(lambda: _answers(found), log)
    assert httpx2.get(found, timeout=PATIENCE_S).json()["freshness"]["behind"] == 0


def test_workers_stop_in_order_when_told_to_and_a_rebuild_from_kafka_alone_is_equal(
    production: Room,
) -> None:
    address = serve(production)
    roles = ("relay,inbox,log", "status,timeline,promises", "status,timeline,promises")
    workers = [production.start("work", "--only", names) for names in roles]
    written = take_in(production, address, "clerk-1").json()
    found = f"{address}/v1/lookup/{written['code']}?after={written['position']}"
    wait_for(lambda: _answers(found), workers[1][1])
    for process, _ in workers:
        process.send_signal(signal.SIGTERM)
    ends = [process.wait(PATIENCE_S) for process, _ in workers]
    assert ends == [0, 0, 0], [log.read_text()[-2000:] for _, log in workers]
    rebuilt = production.run("rebuild")
    assert (rebuilt.returncode, rebuilt.stdout.count(": equal")) == (0, 5), rebuilt.stderr
    for of in ("store", "kafka", "both"):
        verified = production.run("verify", "--of", of)
        assert (verified.returncode, verified.stderr) == (0, "")


def test_a_role_that_cannot_go_on_takes_its_process_down_with_the_cause(production: Room) -> None:
    prefix = production.environment["TRACKER_KAFKA_TOPIC_PREFIX"]
    producer = KafkaProducer(bootstrap_servers=production.environment["TRACKER_KAFKA_SERVERS"])
    producer.send(f"{prefix}.dossier-events", b"planted", key=b"planted").get(timeout=PATIENCE_S)
    producer.close()
    process, log = production.start("work", "--only", "status")
    assert process.wait(PATIENCE_S) == 1
    assert "The role status cannot go on" in log.read_text()


def test_metrics_tell_how_far_the_relay_and_the_read_models_are(production: Room) -> None:
    address = serve(production)
    port = free_ports(1)[0]
    _, log = production.start("work", "--port", str(port))
    written = take_in(production, address, "clerk-1").json()
    found = f"{address}/v1/lookup/{written['code']}?after={written['position']}"
    wait_for(lambda: _answers(found), log)
    metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
    assert f"tracker_relay_position {float(written['position'])}" in metrics
    assert "tracker_relay_lag 0.0" in metrics
    assert "tracker_relay_oldest_unpublished_seconds 0.0" in metrics
    assert 'tracker_projection_offset{partition="' in metrics


def test_intake_and_readiness_do_not_need_kafka(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_ports(1)[0]}"
    with room(tmp_path, kafka_servers=nobody) as made:
        address = serve(made)
        assert take_in(made, address, "clerk-1").status_code == 201
        assert _answers(f"{address}/readyz")
        logs = "".join(path.read_text() for path in made.directory.glob("*.log"))
    assert "Tracker listens" in logs
    assert "Kafka cannot be reached" in logs
    assert '"logger": "kafka' not in "".join(
        line for line in logs.splitlines() if '"level": "info"' in line
    )


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ({}, ["work"], "TRACKER_KAFKA_SERVERS"),
        ({}, ["topics"], "TRACKER_KAFKA_SERVERS"),
        ({"kafka_servers": "127.0.0.1:1"}, ["work", "--only", "cook"], "no role cook"),
        ({"kafka_servers": "127.0.0.1:1"}, ["work", "--only", "sender"], "TRACKER_NOTICES"),
        ({"kafka_servers": "127.0.0.1:1"}, ["restore"], "--from-kafka"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, settings: dict[str, str], arguments: list[str], said: str
) -> None:
    with room(tmp_path, **settings) as made:
        done = made.run(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
