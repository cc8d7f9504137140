"""Reads the raw tables of the event store, for checks.

Unlike the recorder, it returns damaged rows instead of refusing them.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from json import dumps
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Engine, bindparam, text

from tracker.adapters.sql.upsert import chunks
from tracker.application.audit.verify_store import RequestRow, StoredRow
from tracker.application.ports import RequestKey
from tracker.domain.dossier.events.event import Event
from tracker.serialization import decode

_ROWS_A_READ = 1000
_REQUESTS_A_READ = 5000
_KEYS_A_QUERY = 250
_HEXADECIMAL = "encode(uuid_send(originator_id), 'hex')"
_LAST_POSITION = 2**63 - 1
_FIRST_ID = UUID(int=0)
_LAST_ID = UUID(int=2**128 - 1)


class _Recorded(msgspec.Struct):
    recorded_at: datetime


_RECORDED = msgspec.json.Decoder(_Recorded)


class SqlStoreScan:
    """The rows of one event store, on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        """Read this database."""
        self._engine = engine
        self._on_sqlite = engine.dialect.name == "sqlite"
        self._position = "rowid" if self._on_sqlite else "notification_id"
        self._among_ids = (
            "IN (SELECT value FROM json_each(:ids))" if self._on_sqlite else "= ANY(:ids)"
        )
        dossier_id = "originator_id" if self._on_sqlite else _HEXADECIMAL
        self._columns = f"{self._position}, {dossier_id}, originator_version, topic, state"

    @property
    def leaves_no_gaps(self) -> bool:
        """Return whether positions are 1, 2, 3 … PostgreSQL's sequence may skip some."""
        return self._on_sqlite

    def head(self) -> int:
        """Return the position of the newest event, 0 if there is none."""
        query = text(f"SELECT MAX({self._position}) FROM stored_events")  # noqa: S608  our own name
        with self._engine.begin() as connection:
            return int(connection.scalar(query) or 0)

    def newest_recorded_at(self, *, after: int = 0) -> datetime | None:
        """Return when the newest event after this position was recorded, in UTC.

        Return `None` if there is no such event, or if it is unreadable.
        """
        query = text(
            f"SELECT state FROM stored_events WHERE {self._position} > :after"  # noqa: S608  our own name
            f" ORDER BY {self._position} DESC LIMIT 1"
        )
        with self._engine.begin() as connection:
            state = connection.scalar(query, {"after": after})
        try:
            return _RECORDED.decode(state).recorded_at.astimezone(UTC) if state else None
        except msgspec.MsgspecError:
            return None

    def count(self, *, up_to: int) -> int:
        """Return the number of events up to this position."""
        query = text(f"SELECT COUNT(*) FROM stored_events WHERE {self._position} <= :up_to")  # noqa: S608  our own name
        with self._engine.begin() as connection:
            return int(connection.scalar(query, {"up_to": up_to}) or 0)

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return up to `limit` rows of events after this position, oldest first."""
        query = text(
            f"SELECT {self._columns} FROM stored_events"  # noqa: S608  our own names
            f" WHERE {self._position} > :after AND {self._position} <= :up_to"
            f" ORDER BY {self._position} LIMIT :limit"
        )
        with self._engine.begin() as connection:
            rows = connection.execute(query, {"after": after, "up_to": up_to, "limit": limit})
            return [_stored(row) for row in rows.all()]

    def dossiers(self, *, up_to: int, only: UUID | None = None) -> Iterator[list[StoredRow]]:
        """Yield the rows of each dossier up to this position, in the order of ids and versions.

        Read a limited number of rows at a time by the index, each time in a new transaction.
        """
        query = text(
            f"SELECT {self._columns} FROM stored_events"  # noqa: S608  our own names
            " WHERE (originator_id, originator_version) > (:id, :version)"
            f" AND originator_id <= :last AND {self._position} <= :up_to"
            " ORDER BY originator_id, originator_version LIMIT :limit"
        )
        reached, version = only or _FIRST_ID, 0
        limits = {"last": self._stored_id(only or _LAST_ID), "up_to": up_to, "limit": _ROWS_A_READ}
        dossier: list[StoredRow] = []
        while True:
            after = {"id": self._stored_id(reached), "version": version}
            with self._engine.begin() as connection:
                rows = connection.execute(query, limits | after).all()
            for row in map(_stored, rows):
                if dossier and dossier[0].dossier_id != row.dossier_id:
                    yield dossier
                    dossier = []
                dossier.append(row)
            if len(rows) < _ROWS_A_READ:
                break
            reached, version = UUID(dossier[-1].dossier_id), dossier[-1].version
        if dossier:
            yield dossier

    def histories(self, step: Callable[[int], None] = lambda _: None) -> Iterator[list[Event]]:
        """Yield the stored events of each dossier. Call `step` with the number of events of each.

        Events stored after the call are left out.
        """
        for rows in self.dossiers(up_to=self.head()):
            yield [decode(row.topic, row.state) for row in rows]
            step(len(rows))

    def of(self, dossier_ids: Sequence[UUID], *, up_to: int) -> Iterator[list[StoredRow]]:
        """Yield the rows of each of these dossiers up to a position, in the order of versions."""
        query = text(
            f"SELECT {self._columns} FROM stored_events"  # noqa: S608  our own names
            f" WHERE originator_id {self._among_ids} AND {self._position} <= :up_to"
            " ORDER BY originator_id, originator_version"
        )
        for part in chunks(dossier_ids, _KEYS_A_QUERY):
            with self._engine.begin() as connection:
                rows = connection.execute(query, {"ids": self._ids(part), "up_to": up_to}).all()
            for _, dossier in groupby(map(_stored, rows), attrgetter("dossier_id")):
                yield list(dossier)

    def requests(self, *, after: int, up_to: int) -> Iterator[RequestRow]:
        """Yield the requests after one position and up to another, in the order of positions.

        Also yield each request after `up_to` whose event is missing.
        """
        query = text(
            "SELECT r.position, r.source, r.event_id, r.code, r.version FROM requests r"  # noqa: S608  our own name
            " WHERE r.position > :after AND (r.position <= :up_to OR NOT EXISTS"
            f" (SELECT 1 FROM stored_events e WHERE e.{self._position} = r.position))"
            " ORDER BY r.position"
        )
        with self._engine.begin() as connection:
            options = connection.execution_options(yield_per=_REQUESTS_A_READ)
            for rows in options.execute(query, {"after": after, "up_to": up_to}).partitions():
                yield from map(RequestRow._make, rows)

    def requested(self, keys: Sequence[RequestKey]) -> set[RequestKey]:
        """Return the keys of the requests that are stored, out of these keys."""
        query = text(
            "SELECT source, event_id FROM requests WHERE (source, event_id) IN :keys"
        ).bindparams(bindparam("keys", expanding=True))
        stored: set[RequestKey] = set()
        with self._engine.begin() as connection:
            for part in chunks(keys, _KEYS_A_QUERY):
                rows = connection.execute(query, {"keys": list(part)})
                stored |= {(source, event_id) for source, event_id in rows}
        return stored

    def keyed(self, dossier_ids: Sequence[UUID]) -> set[UUID]:
        """Return the dossiers that have a key, out of these dossiers."""
        query = text(f"SELECT dossier_id FROM dossier_keys WHERE dossier_id {self._among_ids}")  # noqa: S608  our own names
        with self._engine.begin() as connection:
            return set(map(_uuid, connection.scalars(query, {"ids": self._ids(dossier_ids)})))

    def keyless(self, erased: str) -> Iterator[list[StoredRow]]:
        """Yield the rows of each dossier without a key and without an event of topic `erased`."""
        query = text(
            "SELECT e.originator_id FROM stored_events e"
            " LEFT JOIN dossier_keys k ON k.dossier_id = e.originator_id"
            " WHERE e.originator_version = 1 AND k.dossier_id IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM stored_events x"
            " WHERE x.originator_id = e.originator_id AND x.topic = :erased)"
        )
        with self._engine.begin() as connection:
            dossier_ids = sorted(map(_uuid, connection.scalars(query, {"erased": erased})))
        yield from self.of(dossier_ids, up_to=_LAST_POSITION)

    def erased_with_key(self, erased: str) -> list[UUID]:
        """Return the dossiers that have both an event of topic `erased` and a key."""
        query = text(
            "SELECT DISTINCT k.dossier_id FROM dossier_keys k"
            " JOIN stored_events e ON e.originator_id = k.dossier_id WHERE e.topic = :erased"
        )
        with self._engine.begin() as connection:
            return sorted(map(_uuid, connection.scalars(query, {"erased": erased})))

    def _ids(self, dossier_ids: Sequence[UUID]) -> str | list[UUID]:
        """Return the ids as one parameter."""
        return dumps([one.hex for one in dossier_ids]) if self._on_sqlite else list(dossier_ids)

    def _stored_id(self, dossier_id: UUID) -> UUID | str:
        return dossier_id.hex if self._on_sqlite else dossier_id


def _uuid(dossier_id: UUID | str) -> UUID:
    return dossier_id if isinstance(dossier_id, UUID) else UUID(dossier_id)


def _stored(row: Sequence[Any]) -> StoredRow:
    position, dossier_id, version, topic, state = row
    return StoredRow(
        position,
        str(dossier_id).replace("-", ""),
        version,
        str(topic),
        state.encode() if isinstance(state, str) else bytes(state or b""),
    )
