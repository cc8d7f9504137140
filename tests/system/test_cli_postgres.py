"""The commands on a real PostgreSQL."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.commands import Done, run_here

pytestmark = [pytest.mark.system]


def tracker(url: str, data_dir: Path, *args: str) -> Done:
    environment = {
        "TRACKER_DATA_DIR": str(data_dir),
        "TRACKER_STORE_URL": url,
        "TRACKER_VIEWS_URL": url,
        "TRACKER_EMBEDDED": "true",
    }
    return run_here(args, environment)


def test_a_database_is_migrated_filled_counted_rebuilt_and_verified(
    postgres_url: str, tmp_path: Path
) -> None:
    before = tracker(postgres_url, tmp_path, "figures")
    assert (before.returncode, before.stderr.count("\n")) == (1, 1)
    assert "tracker migrate" in before.stderr
    for _ in range(2):
        migrated = tracker(postgres_url, tmp_path, "migrate")
        assert (migrated.returncode, migrated.stderr) == (0, "")
    assert tracker(postgres_url, tmp_path, "demo", "--dossiers", "30").returncode == 0
    figures = json.loads(tracker(postgres_url, tmp_path, "figures", "--format", "json").stdout)
    assert figures["total"]["received"] > 20
    again = tracker(postgres_url, tmp_path, "figures", "--recompute", "--format", "json")
    assert json.loads(again.stdout)["total"] == figures["total"]
    rebuilt = tracker(postgres_url, tmp_path, "rebuild")
    assert (rebuilt.returncode, rebuilt.stdout.count(": equal")) == (0, 5)
    verified = tracker(postgres_url, tmp_path, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")

    with psycopg.connect(postgres_url) as connection:
        connection.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE stored_events SET topic = 'dossier.delivered.v1'"
            " WHERE topic = 'dossier.processing_started.v1'"
        )
    damaged = tracker(postgres_url, tmp_path, "verify")
    assert (damaged.returncode, damaged.stderr.count("\n")) == (1, 1)
    assert "a step that cannot follow: delivered while the dossier is received" in damaged.stderr
