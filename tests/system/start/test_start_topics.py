"""Topics with another number of partitions are refused; a Kafka that is away is not."""

import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions

from tests.serving import serving
from tests.system.start.starting import refusal, run, working

pytestmark = [pytest.mark.system]


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> dict[str, str]:
    made = {
        "TRACKER_KAFKA_SERVERS": kafka,
        "TRACKER_KAFKA_TOPIC_PREFIX": f"start-{uuid4().hex[:12]}",
    }
    for command in (("topics",), ("keys", "list")):
        done = run(tmp_path, *command, **made, TRACKER_KAFKA_PARTITIONS="3")
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def unreachable() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("command", [("serve",), ("work", "--only", "status")])
def test_another_number_than_the_setting_is_refused(
    tmp_path: Path, settings: dict[str, str], command: tuple[str, ...]
) -> None:
    error_text = refusal(tmp_path, *command, **settings, TRACKER_KAFKA_PARTITIONS="4")
    assert "has 3 partitions, and this installation needs 4" in error_text
    assert "ops/README.md" in error_text


def test_another_number_than_at_first_is_refused(
    tmp_path: Path, settings: dict[str, str], kafka: str
) -> None:
    with serving(tmp_path, **settings):
        pass
    error_text = refusal(tmp_path, "serve", **settings, TRACKER_KAFKA_PARTITIONS="4")
    assert "TRACKER_KAFKA_PARTITIONS is 4" in error_text
    assert "Set it to 3" in error_text
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    topic = f"{settings['TRACKER_KAFKA_TOPIC_PREFIX']}.dossier-events"
    admin.create_partitions({topic: NewPartitions(5)})
    admin.close()
    for more in ({}, {"TRACKER_KAFKA_PARTITIONS": "3"}):
        for command in (("serve",), ("work", "--only", "status")):
            error_text = refusal(tmp_path, *command, **settings, **more)
            assert f"{topic} has 5 partitions, and this installation needs 3" in error_text


def test_the_right_number_starts(tmp_path: Path, settings: dict[str, str]) -> None:
    with serving(tmp_path, **settings, TRACKER_KAFKA_PARTITIONS="3"):
        pass
    with working(tmp_path, "status", settings):
        pass


def test_the_service_starts_while_kafka_is_silent(tmp_path: Path, unreachable: str) -> None:
    with serving(tmp_path, TRACKER_KAFKA_SERVERS=unreachable) as service:
        assert service.get("/readyz")[0] == 200
