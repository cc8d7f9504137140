"""Faults under load: real processes are killed, frozen, disconnected or run out of disk space."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.faults.invariants", "tests.faults.clients")

from tests.faults.cluster import Cluster  # noqa: E402  after the registration of the rewrite


@pytest.fixture
def brokers() -> int:
    return 1


@pytest.fixture
def relays() -> Sequence[str]:
    return ("relay",)


@pytest.fixture
def kafka_data() -> Path | None:
    """Return the brokers' data directory, or `None` for the cluster's directory."""
    return None


@pytest.fixture
def cluster(
    *,
    needs_postgres: None,
    needs_kafka: None,
    server_directory: Path,
    tmp_path: Path,
    brokers: int,
    relays: Sequence[str],
    kafka_data: Path | None,
) -> Iterator[Cluster]:
    with (
        kept_logs(server_directory, tmp_path),
        Cluster(server_directory, brokers=brokers, relays=relays, kafka_data=kafka_data) as running,
    ):
        yield running


@contextmanager
def kept_logs(directory: Path, target: Path) -> Iterator[None]:
    """Copy the logs of all processes before the directory is removed."""
    try:
        yield
    finally:
        for log in directory.rglob("*.log"):
            if log.parent == directory or log.parent.name in {"kafka", "postgres"}:
                shutil.copy(log, target / log.name)
