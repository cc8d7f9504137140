"""Installations that must not start, and what the program says then."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.commands import Done, run_here
from tests.serving import PATIENCE_S, ROOT, environment


def run(data_dir: Path, *args: str, **settings: str) -> Done:
    """Run a command to its end: `serve` and `work` in a process, others here."""
    if args[0] not in {"serve", "work"}:
        return run_here(args, environment(data_dir, **settings))
    more = ("--port", "0") if args[0] == "serve" else ()
    done = subprocess.run(
        [sys.executable, "-m", "tracker", *args, *more],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def refusal(data_dir: Path, *args: str, **settings: str) -> str:
    """Return the one line by which the command refuses the installation."""
    return _line(run(data_dir, *args, **settings), code=1)


def refused_setting(data_dir: Path, *args: str, **settings: str) -> str:
    """Return the one line by which the command refuses its settings."""
    return _line(run(data_dir, *args, **settings), code=2)


def _line(done: Done, *, code: int) -> str:
    errors = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert (done.returncode, len(errors)) == (code, 1), done.stderr
    assert errors[0].startswith("Error: ")
    assert done.stdout == ""
    return errors[0]


def query(database: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database, timeout=PATIENCE_S)) as connection:
        rows = connection.execute(statement).fetchall()
        connection.commit()
    return rows


def damage_the_middle(database: Path) -> None:
    """Overwrite the pages in the middle of a closed database."""
    with database.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        middle = size // 2 // 4096 * 4096
        file.seek(middle - 8 * 4096)
        file.write(b"\xa5" * 16 * 4096)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def copy(data_dir: Path, to: Path) -> Path:
    shutil.copytree(data_dir, to)
    return to


@contextmanager
def working(data_dir: Path, roles: str, settings: dict[str, str]) -> Iterator[None]:
    """Run `work` in these roles meanwhile."""
    with subprocess.Popen(
        [sys.executable, "-m", "tracker", "work", "--only", roles],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("Tracker works as")
            yield
        finally:
            process.kill()
