"""The check of a SQLite file keeps its time limit."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tracker.adapters.sql.sqlite_check import DamagedDatabaseError, Finding, check_database

LARGE = 40 * 1024 * 1024


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "events.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, bytes BLOB)")
        connection.executemany(
            "INSERT INTO rows (bytes) VALUES (randomblob(?))", [(1000,)] * (LARGE // 1000)
        )
        connection.commit()
    return path


def test_a_large_file_is_checked_within_the_time_it_has(large: Path) -> None:
    assert check_database(large, within_s=0.001) is Finding.UNFINISHED
    assert check_database(large, within_s=60) is Finding.SOUND


def test_damage_in_a_large_file_is_found(large: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    content = bytearray(large.read_bytes())
    content[LARGE // 2 : LARGE // 2 + 16 * 4096] = b"\xa5" * (16 * 4096)
    damaged.write_bytes(content)
    with pytest.raises(DamagedDatabaseError, match=r"(?i)page|malformed"):
        check_database(damaged, within_s=60)


def test_a_missing_file_is_sound(tmp_path: Path) -> None:
    assert check_database(tmp_path / "events.db", within_s=1) is Finding.SOUND
