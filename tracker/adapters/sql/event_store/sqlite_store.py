"""The event store on SQLite: the library's recorder, with our guarantees kept by the database.

The library finds `Factory` here by the variable `PERSISTENCE_MODULE`. Events cannot be changed or
deleted, a version follows its predecessor, and a commit is on disk before it is answered.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import msgspec

# The library counts the factories it finds in this module: names of its own stay in theirs.
from eventsourcing import sqlite
from eventsourcing.persistence import Notification, OperationalError, StoredEvent
from eventsourcing.utils import Environment, EnvType

from tracker.application.ports import (
    UNKNOWN_DIGEST,
    DossierRecorder,
    History,
    Request,
    RequestKey,
)
from tracker.domain.dossier.codes import dossier_id

T = TypeVar("T")

_LOCK_TIMEOUT_S = 30
_MAX_VARIABLES = 400

_TABLES = (
    # `rowid` spelt out, as the library reads it: VACUUM may renumber an implicit one.
    """
    CREATE TABLE IF NOT EXISTS stored_events (
        rowid INTEGER PRIMARY KEY,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        UNIQUE (originator_id, originator_version)
    )
    """,
    """
    CREATE TRIGGER IF NOT EXISTS stored_events_are_never_changed
    BEFORE UPDATE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'stored events are never changed'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS stored_events_are_never_deleted
    BEFORE DELETE ON stored_events
    BEGIN SELECT RAISE(ABORT, 'stored events are never deleted'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS stored_events_leave_no_gap
    BEFORE INSERT ON stored_events
    WHEN NEW.originator_version != 1 + COALESCE(
        (SELECT MAX(originator_version) FROM stored_events
         WHERE originator_id = NEW.originator_id), 0)
    BEGIN SELECT RAISE(ABORT, 'a version must follow its predecessor'); END
    """,
    # INSERT OR REPLACE at a position that is taken deletes without asking the trigger above.
    """
    CREATE TRIGGER IF NOT EXISTS stored_events_are_never_replaced
    BEFORE INSERT ON stored_events
    WHEN EXISTS (SELECT 1 FROM stored_events WHERE rowid = NEW.rowid)
    BEGIN SELECT RAISE(ABORT, 'stored events are never replaced'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS stored_events_come_last
    AFTER INSERT ON stored_events
    WHEN NEW.rowid < (SELECT MAX(rowid) FROM stored_events)
    BEGIN SELECT RAISE(ABORT, 'an event is stored after all others'); END
    """,
    """
    CREATE TABLE IF NOT EXISTS requests (
        source TEXT NOT NULL,
        event_id TEXT NOT NULL,
        digest BLOB NOT NULL,
        code TEXT NOT NULL,
        version INTEGER NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (source, event_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS dossier_keys (
        dossier_id TEXT PRIMARY KEY,
        wrapped BLOB NOT NULL
    ) WITHOUT ROWID
    """,
)

OF_THESE_KEYS = (
    "SELECT requests.* FROM json_each(?) AS asked CROSS JOIN requests"
    " ON source = asked.value ->> 0 AND event_id = asked.value ->> 1"
)
"""Looks each up by its key. Of a list of pairs SQLite makes no such use: it reads the whole table.

`CROSS JOIN` leaves it no other order; what is asked comes first.
"""


class Pool(sqlite.SQLiteConnectionPool):
    """Connections that flush every commit and overwrite what is deleted (erased keys)."""

    def _create_connection(self) -> sqlite.SQLiteConnection:
        connection = super()._create_connection()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
        return connection


class Datastore(sqlite.SQLiteDatastore):
    """The library's, with errors of opening and beginning translated like all others."""

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[sqlite.SQLiteCursor]:
        """Return a cursor in a transaction. Raise the library's `PersistenceError`."""
        try:
            with super().transaction(commit=commit) as cursor:
                yield cursor
        except sqlite3.Error as error:
            raise OperationalError(error) from error


class SQLiteDossierRecorder(sqlite.SQLiteApplicationRecorder, DossierRecorder):
    """Stores events with their requests and keys in one transaction."""

    def __init__(self, datastore: sqlite.SQLiteDatastore) -> None:
        """Use the datastore's connections."""
        super().__init__(datastore)
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (?,?,?,?)"
        )

    def construct_create_table_statements(self) -> list[str]:
        """Return the tables and the triggers that guard them."""
        return list(_TABLES)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:  # noqa: ANN401  the library's signature
        """Store all of it or nothing; an erased key is then gone from the write-ahead log too."""
        with self.datastore.transaction(commit=True) as c:
            positions = self._insert_events(c, stored_events, **kwargs)
        if kwargs.get("erased_keys"):
            with self.datastore.get_connection(commit=True) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return positions

    def _insert_events(
        self,
        c: sqlite.SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        requests: Sequence[Request] = (),
        new_keys: Mapping[UUID, bytes] | None = None,
        erased_keys: Sequence[UUID] = (),
        forgotten: Sequence[RequestKey] = (),
        **_: Any,  # noqa: ANN401  the library's signature
    ) -> Sequence[int]:
        c.executemany(
            self.insert_events_statement,
            [
                (_hex(one.originator_id), one.originator_version, one.topic, one.state)
                for one in stored_events
            ],
        )
        positions = _last_positions(c, len(stored_events))
        at = {
            (event.originator_id, event.originator_version): position
            for event, position in zip(stored_events, positions, strict=True)
        }
        c.executemany(
            "INSERT INTO requests VALUES (?,?,?,?,?,?)",
            [
                (*one.key, one.digest, one.code, one.version, at[dossier_id(one.code), one.version])
                for one in requests
            ],
        )
        c.executemany(
            "INSERT INTO dossier_keys VALUES (?,?)",
            [(one.hex, wrapped) for one, wrapped in (new_keys or {}).items()],
        )
        c.executemany(
            "DELETE FROM dossier_keys WHERE dossier_id=?", [(one.hex,) for one in erased_keys]
        )
        c.executemany(
            "UPDATE requests SET digest=? WHERE (source, event_id)=(?,?)",
            [(UNKNOWN_DIGEST, *key) for key in forgotten],
        )
        return positions

    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of the events after this position, in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT rowid, topic, state FROM stored_events WHERE rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (after, limit),
            )
            return [(position, topic, state) for position, topic, state in c.fetchall()]

    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return those of these requests that were carried out."""
        found: dict[RequestKey, Request] = {}
        with self.datastore.transaction(commit=False) as c:
            c.execute(OF_THESE_KEYS, (msgspec.json.encode(keys).decode(),))
            for row in c.fetchall():
                key = (row["source"], row["event_id"])
                found[key] = Request(
                    key, row["digest"], row["code"], row["version"], row["position"]
                )
        return found

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events under the very positions they bear, and requests, in one transaction."""
        with self.datastore.transaction(commit=True) as c:
            c.executemany(
                "INSERT INTO stored_events VALUES (?,?,?,?,?)",
                [
                    (one.id, _hex(one.originator_id), one.originator_version, one.topic, one.state)
                    for one in events
                ],
            )
            c.executemany(
                "INSERT OR REPLACE INTO requests VALUES (?,?,?,?,?,?)",
                [(*one.key, one.digest, one.code, one.version, one.position) for one in requests],
            )

    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of these dossiers, each dossier's in order."""
        histories: dict[UUID, History] = {}
        with self.datastore.transaction(commit=False) as c:
            for part in _parts(dossier_ids, _MAX_VARIABLES):
                marks = ",".join("?" * len(part))
                c.execute(
                    "SELECT originator_id, topic, state FROM stored_events"  # noqa: S608  only marks
                    f" WHERE originator_id IN ({marks})"
                    " ORDER BY originator_id, originator_version",
                    [one.hex for one in part],
                )
                for row in c.fetchall():
                    history = histories.setdefault(UUID(row["originator_id"]), [])
                    history.append((row["topic"], row["state"]))
        return histories

    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers; an erased one is not among them."""
        found: dict[UUID, bytes] = {}
        with self.datastore.transaction(commit=False) as c:
            for part in _parts(dossier_ids, _MAX_VARIABLES):
                marks = ",".join("?" * len(part))
                c.execute(
                    f"SELECT * FROM dossier_keys WHERE dossier_id IN ({marks})",  # noqa: S608  only marks
                    [one.hex for one in part],
                )
                found |= {UUID(row["dossier_id"]): row["wrapped"] for row in c.fetchall()}
        return found


class Factory(sqlite.SQLiteFactory):
    """Makes our recorder on our connections."""

    application_recorder_class: type[sqlite.SQLiteApplicationRecorder] = SQLiteDossierRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Read the library's variables from `env`."""
        super().__init__(env)
        db_name = self.datastore.pool.db_name
        self.datastore.close()
        self.datastore = Datastore(db_name)
        self.datastore.pool.close()
        self.datastore.pool = Pool(db_name=db_name, lock_timeout=_LOCK_TIMEOUT_S)


def _last_positions(c: sqlite.SQLiteCursor, count: int) -> Sequence[int]:
    """Return the positions of the last so many events: nobody else stores any until we commit."""
    c.execute("SELECT last_insert_rowid()")
    (last,) = c.fetchone()
    return list(range(last - count + 1, last + 1))


def _parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _hex(dossier: UUID | str) -> str:
    return dossier.hex if isinstance(dossier, UUID) else dossier
