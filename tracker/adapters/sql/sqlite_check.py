"""Checks whether a file is a sound SQLite database, within a time limit."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from enum import StrEnum
from pathlib import Path

_CHECKED_HERE_BYTES = 32 * 1024 * 1024
_BEING_MADE_S = 2.0
_BUSY = "database is locked"
_QUICK_CHECK = "PRAGMA quick_check(1)"
_APART = f"""
import sqlite3, sys
try:
    database = sqlite3.connect(sys.argv[1], uri=True, timeout=60)
    print(database.execute({_QUICK_CHECK!r}).fetchone()[0])
except sqlite3.DatabaseError as error:
    print(error)
"""
"""SQLite 3.40 cannot interrupt this check, so a large file is checked in a process to kill."""


class Finding(StrEnum):
    """The result of a check that found no damage."""

    SOUND = "sound"
    UNFINISHED = "unfinished"


class DamagedDatabaseError(Exception):
    """The file is not a sound database; the message says what was found."""


def check_database(path: Path, *, within_s: float) -> Finding:
    """Check the database at `path`, and its log. Raise `DamagedDatabaseError`."""
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
    # SQLite deletes the index before the log. An index alone means that somebody took the log.
    if index.exists() and not log.exists() and index.exists() and not log.exists():
        message = f"{log.name} is missing, although the database was not closed"
        raise DamagedDatabaseError(message)
    found = _quick_check(path, within_s)
    if found is None:
        return Finding.UNFINISHED
    if found != "ok":
        raise DamagedDatabaseError(" ".join(found.split()))
    return Finding.SOUND


def _check_left_over_log(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        message = f"the file is missing, and only its log {log.name} is left"
        raise DamagedDatabaseError(message)


def _stays_empty(path: Path) -> bool:
    """Return whether the file is empty, and no other process is making the database just now."""
    end = time.monotonic() + _BEING_MADE_S
    while path.stat().st_size == 0:
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            return False
        if time.monotonic() > end:
            return True
        time.sleep(0.05)
    return False


def _quick_check(path: Path, within_s: float) -> str | None:
    """Return what SQLite says, or `None` where the time was too short."""
    address = f"{path.resolve().as_uri()}?mode=rw"
    large = path.stat().st_size > _CHECKED_HERE_BYTES
    said = _quick_check_apart(address, within_s) if large else _quick_check_here(address)
    return None if said == _BUSY else said


def _quick_check_here(address: str) -> str:
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=60)) as connection:
            return str(connection.execute(_QUICK_CHECK).fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def _quick_check_apart(address: str, within_s: float) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and script
            [sys.executable, "-I", "-c", _APART, address],
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
            env={"PATH": os.environ.get("PATH", "")},
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else (done.stderr.strip() or "no answer")
