"""How SQLite goes about what is asked of it with every commit."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from tests.contract.makers import open_recorder
from tracker.adapters.sql.event_store.sqlite_store import OF_THESE_KEYS
from tracker.adapters.sql.event_store.store_address import library_variables


def test_requests_are_found_by_their_key_and_not_by_reading_all_of_them(tmp_path: Path) -> None:
    store = tmp_path / "events.db"
    with ExitStack() as stack:
        open_recorder(library_variables(f"sqlite:///{store}"), stack)
    with closing(sqlite3.connect(store)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {OF_THESE_KEYS}", ("[]",)).fetchall()
    steps = [step for *_, step in plan if "requests" in step]
    assert steps == ["SEARCH requests USING PRIMARY KEY (source=? AND event_id=?)"]
