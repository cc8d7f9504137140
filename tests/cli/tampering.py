"""Damage to a database, made without the program."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@contextmanager
def without_guards(path: Path) -> Iterator[sqlite3.Connection]:
    """Change a database without the program and without the guards of its tables."""
    with closing(sqlite3.connect(path)) as connection:
        guards = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in guards.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        connection.commit()


@dataclass(frozen=True)
class Victim:
    """The stored event that a test damages."""

    position: int
    dossier: str
    version: int
    topic: str
    state: dict[str, Any]

    @property
    def code(self) -> str:
        return str(self.state["code"])


def find(connection: sqlite3.Connection, topic: str, where: str = "1") -> Victim:
    """Return the first event of this name."""
    row = connection.execute(
        "SELECT rowid, originator_id, originator_version, topic, state FROM stored_events"
        f" WHERE topic = ? AND {where} ORDER BY rowid LIMIT 1",
        (topic,),
    ).fetchone()
    return Victim(row[0], row[1], row[2], row[3], json.loads(row[4]))


def rewrite(connection: sqlite3.Connection, victim: Victim, **fields: object) -> None:
    """Change fields in the bytes of an event."""
    connection.execute(
        "UPDATE stored_events SET state = ? WHERE rowid = ?",
        (json.dumps(victim.state | fields).encode(), victim.position),
    )


Harm = Callable[[sqlite3.Connection], Victim]
"""Damages the database and returns the event that the error must name."""
