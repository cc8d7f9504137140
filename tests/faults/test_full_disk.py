"""Full disks, on small file systems of their own. These tests need root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops.local_servers.ports import free_ports
from tests.faults.clients import Client, Load, posting
from tests.faults.cluster import DESK, Cluster, wait_for
from tests.faults.conftest import kept_logs
from tests.faults.embedded import Embedded
from tests.faults.invariants import check

pytestmark = [pytest.mark.slow, pytest.mark.system]
_PAGE = 4096
MOST = 500


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[Path]:
    """Mount a small file system. Skip the test if mounting is not possible."""
    directory.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs"]
    mounted = subprocess.run(
        ["mount", *options, str(directory)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"not tried, a small disk cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk with a ballast file and return its path."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(_PAGE))
        except OSError:
            os.fsync(file.fileno())
    return ballast


@pytest.mark.parametrize("views_elsewhere", [True, False])
def test_a_full_disk_stores_no_partial_event_and_the_embedded_service_recovers(
    server_directory: Path, tmp_path: Path, *, views_elsewhere: bool
) -> None:
    (port,) = free_ports(1)
    views = server_directory / "views.db"
    with (
        small_disk(server_directory / "disk", 6) as disk,
        kept_logs(server_directory, tmp_path),
        Embedded(
            server_directory, disk / "data", port, views=views if views_elsewhere else None
        ) as service,
        closing(Client(port, service.keys, Load())) as client,
    ):
        ballast = fill(disk)
        answers: list[int] = []
        while answers.count(503) < 3 and len(answers) < MOST:
            answers.append(client.ask("POST", "/v1/dossiers", DESK, intake(len(answers)))[0])
        # If a read model cannot be written, the service ends with an error and is restarted.
        assert set(answers) <= ({201, 503} if views_elsewhere else {0, 201, 503})
        assert 503 in answers
        ballast.unlink()
        for number in range(len(answers) + 10):
            client.post("/v1/dossiers", DESK, intake(number))
        assert set(service.program.ends) <= (set() if views_elsewhere else {1})
        service.check(events=len(answers) + 10)


def intake(number: int) -> dict[str, Any]:
    return {
        "event_id": f"on-a-full-disk-{number}",
        "occurred_at": datetime.now(UTC).isoformat(),
        "procedure": "2.001610",
        "applicant": {"name": "An " * 60, "phone": "0900 000 001"},
    }


class TestKafka:
    @pytest.fixture
    def kafka_data(self, needs_kafka: None, server_directory: Path) -> Iterator[Path]:
        with small_disk(server_directory / "disk", 80) as disk:
            yield disk

    def test_a_kafka_whose_disk_is_full_delays_and_loses_nothing(
        self, cluster: Cluster, kafka_data: Path
    ) -> None:
        log = cluster.kafka.log(1)
        with posting(cluster.port, cluster.keys, clients=2) as load:
            wait_for(lambda: len(load) > 20, "there is load")
            ballast = fill(kafka_data)
            full = len(load)
            wait_for(lambda: len(load) > full + 40, "intake continues")
            fill(kafka_data)
            wait_for(
                lambda: "No space left" in log.read_text(errors="replace"),
                "Kafka reports the full disk",
            )
            cluster.kafka.kill()
            ballast.unlink()
            cluster.kafka.start()
        check(cluster, load.acknowledged)
