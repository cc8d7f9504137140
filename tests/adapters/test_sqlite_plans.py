"""How SQLite goes about what is asked of it with every commit."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.contract.makers import sqlite_store
from tracker.adapters.sql.event_store.sqlite_store import OF_THESE_KEYS


def test_requests_are_found_by_their_key_and_not_by_reading_all_of_them(tmp_path: Path) -> None:
    with sqlite_store(tmp_path) as opens:
        opens()
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {OF_THESE_KEYS}", ("[]",)).fetchall()
    steps = [step for *_, step in plan if "requests" in step]
    assert steps == ["SEARCH requests USING PRIMARY KEY (source=? AND event_id=?)"]
