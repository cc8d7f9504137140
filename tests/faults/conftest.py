"""Real processes, killed, frozen, cut off and filled up under load; and what must hold after."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.faults.invariants", "tests.faults.clients")

from tests.faults.cluster import Cluster  # noqa: E402  its asserts tell more now


@pytest.fixture
def brokers() -> int:
    return 1


@pytest.fixture
def relays() -> Sequence[str]:
    return ("relay",)


@pytest.fixture
def kafka_data() -> Path | None:
    """Where the brokers store; `None` for the directory of all the rest."""
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
        Cluster(server_directory, brokers=brokers, relays=relays, kafka_data=kafka_data) as made,
    ):
        yield made


@contextmanager
def kept_logs(directory: Path, kept: Path) -> Iterator[None]:
    """Keep what everybody said when the directory is gone."""
    try:
        yield
    finally:
        for log in directory.rglob("*.log"):
            if log.parent == directory or log.parent.name in {"kafka", "postgres"}:
                shutil.copy(log, kept / log.name)
