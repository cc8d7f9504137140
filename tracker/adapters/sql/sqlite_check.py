"""Checks whether a file is an undamaged SQLite database, within a time limit."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from enum import StrEnum
from pathlib import Path

_CHECKED_IN_PROCESS_BYTES = 32 * 1024 * 1024
_CREATION_S = 2.0
_BUSY = "database is locked"
_QUICK_CHECK = "PRAGMA quick_check(1)"
_SCRIPT = f"""
import sqlite3, sys
try:
    database = sqlite3.connect(sys.argv[1], uri=True, timeout=60)
    print(database.execute({_QUICK_CHECK!r}).fetchone()[0])
except sqlite3.DatabaseError as error:
    print(error)
"""
"""SQLite 3.40 cannot interrupt this check, so a separate process checks a large file."""


class Finding(StrEnum):
    """The result of a check that found no damage."""

    SOUND = "sound"
    UNFINISHED = "unfinished"


class DamagedDatabaseError(Exception):
    """The file is a damaged database. The text names the damage."""


def check_database(path: Path, *, within_s: float) -> Finding:
    """Check the database at `path` and its write-ahead log. Raise `DamagedDatabaseError`."""
    if not path.exists():
        _check_left_over_log(path)
        return Finding.SOUND
    if path.is_dir():
        message = "it is a directory"
        raise DamagedDatabaseError(message)
    if _stays_empty(path):
        message = "the file is empty"
        raise DamagedDatabaseError(message)
    log, index = (path.with_name(path.name + end) for end in ("-wal", "-shm"))
    # SQLite deletes the index before the log, so an index alone means that the log was removed.
    # Look twice: another process may be closing the database between the two looks.
    if index.exists() and not log.exists() and index.exists() and not log.exists():
        message = f"{log.name} is missing, although the database was not closed"
        raise DamagedDatabaseError(message)
    answer = _quick_check(path, within_s)
    if answer is None:
        return Finding.UNFINISHED
    if answer != "ok":
        raise DamagedDatabaseError(" ".join(answer.split()))
    return Finding.SOUND


def _check_left_over_log(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        message = f"the file is missing, and only its log {log.name} is left"
        raise DamagedDatabaseError(message)


def _stays_empty(path: Path) -> bool:
    """Return whether the file is empty and no other process is creating the database."""
    end = time.monotonic() + _CREATION_S
    while path.stat().st_size == 0:
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            return False
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def _quick_check(path: Path, within_s: float) -> str | None:
    """Return SQLite's answer, or `None` if the time was too short."""
    address = f"{path.resolve().as_uri()}?mode=rw"
    large = path.stat().st_size > _CHECKED_IN_PROCESS_BYTES
    answer = _check_in_child(address, within_s) if large else _check_in_process(address)
    return None if answer == _BUSY else answer


def _check_in_process(address: str) -> str:
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=60)) as connection:
            return str(connection.execute(_QUICK_CHECK).fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def _check_in_child(address: str, within_s: float) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and script
            [sys.executable, "-I", "-c", _SCRIPT, address],
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
            env={"PATH": os.environ.get("PATH", "")},
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else (done.stderr.strip() or "no answer")
