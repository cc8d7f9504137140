"""The event store on SQLite: the library's recorder, with triggers that guard the events.

The library finds `Factory` here by the variable `PERSISTENCE_MODULE`. Events cannot be changed or
deleted. Each version of a dossier follows the version before it. A commit returns once the disk
has it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec

# Import the module, not its names: the library allows only one factory class in this module.
from eventsourcing import sqlite
from eventsourcing.persistence import Notification, OperationalError, StoredEvent
from eventsourcing.utils import Environment, EnvType

from tracker.adapters.sql.upsert import chunks
from tracker.application.ports import (
    UNKNOWN_DIGEST,
    DossierRecorder,
    History,
    Request,
    RequestKey,
)
from tracker.domain.dossier.codes import dossier_id

_LOCK_TIMEOUT_S = 30
_MAX_VARIABLES = 400

_TABLES = (
    # The library reads `rowid`. It is a column here, because VACUUM may renumber an implicit one.
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
    # INSERT OR REPLACE at a used position deletes a row without running the delete trigger.
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
"""Selects requests by the index on their key.

`CROSS JOIN` makes SQLite read the keys first. For `(source, event_id) IN (...)` it would read the
whole table.
"""


class Pool(sqlite.SQLiteConnectionPool):
    """Connections that flush every commit to disk and overwrite deleted rows (erased keys)."""

    def _create_connection(self) -> sqlite.SQLiteConnection:
        connection = super()._create_connection()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
        return connection


class Datastore(sqlite.SQLiteDatastore):
    """The library's datastore, which also translates errors of opening and beginning."""

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[sqlite.SQLiteCursor]:
        """Yield a cursor in a transaction. Raise the library's `PersistenceError`."""
        try:
            with super().transaction(commit=commit) as cursor:
                yield cursor
        except sqlite3.Error as error:
            raise OperationalError(error) from error


class SQLiteDossierRecorder(sqlite.SQLiteApplicationRecorder, DossierRecorder):
    """Stores events with their requests and keys in one transaction."""

    def __init__(self, datastore: sqlite.SQLiteDatastore) -> None:
        """Use the connections of the datastore."""
        super().__init__(datastore)
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (?,?,?,?)"
        )

    def construct_create_table_statements(self) -> list[str]:
        """Return the statements that create the tables and their triggers."""
        return list(_TABLES)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:  # noqa: ANN401  the library's signature
        """Store everything or nothing. Remove an erased key from the write-ahead log too."""
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
                (_hex(event.originator_id), event.originator_version, event.topic, event.state)
                for event in stored_events
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
                (*r.key, r.digest, r.code, r.version, at[dossier_id(r.code), r.version])
                for r in requests
            ],
        )
        c.executemany(
            "INSERT INTO dossier_keys VALUES (?,?)",
            [(dossier.hex, wrapped) for dossier, wrapped in (new_keys or {}).items()],
        )
        c.executemany(
            "DELETE FROM dossier_keys WHERE dossier_id=?",
            [(dossier.hex,) for dossier in erased_keys],
        )
        c.executemany(
            "UPDATE requests SET digest=? WHERE (source, event_id)=(?,?)",
            [(UNKNOWN_DIGEST, *key) for key in forgotten],
        )
        return positions

    def select_states(self, after: int, limit: int) -> Sequence[tuple[int, str, bytes]]:
        """Return position, stored name and bytes of up to `limit` events after this position."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT rowid, topic, state FROM stored_events WHERE rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (after, limit),
            )
            return [(position, topic, state) for position, topic, state in c.fetchall()]

    def select_requests(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Request]:
        """Return the stored requests with these keys."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(OF_THESE_KEYS, (msgspec.json.encode(keys).decode(),))
            return {
                (source, event_id): Request((source, event_id), *values)
                for source, event_id, *values in c.fetchall()
            }

    def restore_events(self, events: Sequence[Notification], requests: Sequence[Request]) -> None:
        """Store events at their original positions, and requests, in one transaction."""
        with self.datastore.transaction(commit=True) as c:
            c.executemany(
                "INSERT INTO stored_events VALUES (?,?,?,?,?)",
                [
                    (e.id, _hex(e.originator_id), e.originator_version, e.topic, e.state)
                    for e in events
                ],
            )
            c.executemany(
                "INSERT OR REPLACE INTO requests VALUES (?,?,?,?,?,?)",
                [(*r.key, r.digest, r.code, r.version, r.position) for r in requests],
            )

    def select_histories(self, dossier_ids: Sequence[UUID]) -> dict[UUID, History]:
        """Return all events of these dossiers, in the order of versions."""
        histories: dict[UUID, History] = {}
        query = (
            "SELECT originator_id, topic, state FROM stored_events"
            " WHERE originator_id IN ({}) ORDER BY originator_id, originator_version"
        )
        for dossier, topic, state in self._rows_of(query, dossier_ids):
            histories.setdefault(UUID(dossier), []).append((topic, state))
        return histories

    def select_keys(self, dossier_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return the wrapped keys of these dossiers, without the erased keys."""
        query = "SELECT dossier_id, wrapped FROM dossier_keys WHERE dossier_id IN ({})"
        return {UUID(dossier): wrapped for dossier, wrapped in self._rows_of(query, dossier_ids)}

    def _rows_of(self, query: str, dossier_ids: Sequence[UUID]) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query that has `{}` in place of a list of dossier ids."""
        with self.datastore.transaction(commit=False) as c:
            for part in chunks(dossier_ids, _MAX_VARIABLES):
                c.execute(query.format(",".join("?" * len(part))), [one.hex for one in part])
                yield from c.fetchall()


class Factory(sqlite.SQLiteFactory):
    """Creates our recorder on our connections."""

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
    """Return the positions of the last `count` events. Call it before the commit."""
    c.execute("SELECT last_insert_rowid()")
    (last,) = c.fetchone()
    return list(range(last - count + 1, last + 1))


def _hex(dossier: UUID | str) -> str:
    return dossier.hex if isinstance(dossier, UUID) else dossier
