"""Reads the tables of the event store as they are, for whoever checks them.

Unlike the recorder it takes nothing for granted: a damaged row is given, not refused.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from json import dumps
from operator import attrgetter
from uuid import UUID

import msgspec
from sqlalchemy import Engine, bindparam, text

from tracker.application.audit.verify_store import RequestRow, StoredRow
from tracker.application.ports import RequestKey
from tracker.domain.dossier.events.event import Event
from tracker.serialization import decode

_ROWS_A_READ = 1000
_REQUESTS_A_READ = 5000
_KEYS_A_QUERY = 250
_HEXADECIMAL = "encode(uuid_send(originator_id), 'hex')"
_MOST = 2**63 - 1
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
        """Return whether positions are 1, 2, 3 ...; a sequence of PostgreSQL's skips some."""
        return self._on_sqlite

    def head(self) -> int:
        """Return the position of the newest event, 0 where there is none."""
        query = text(f"SELECT MAX({self._position}) FROM stored_events")  # noqa: S608  our own name
        with self._engine.begin() as connection:
            return int(connection.scalar(query) or 0)

    def newest_recorded_at(self, *, after: int = 0) -> datetime | None:
        """Return when the newest event after this position was recorded.

        Return `None` where there is no such event, or where it cannot be read.
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
            return [_stored(*row) for row in rows.all()]

    def dossiers(self, *, up_to: int, only: UUID | None = None) -> Iterator[list[StoredRow]]:
        """Return the rows of each dossier up to this position, in the order of ids and versions.

        They are read some at a time by the index, each time in a transaction of its own.
        """
        query = text(
            f"SELECT {self._columns} FROM stored_events"  # noqa: S608  our own names
            " WHERE (originator_id, originator_version) > (:id, :version)"
            f" AND originator_id <= :last AND {self._position} <= :up_to"
            " ORDER BY originator_id, originator_version LIMIT :limit"
        )
        reached, version = only or _FIRST_ID, 0
        asked = {"last": self._written(only or _LAST_ID), "up_to": up_to, "limit": _ROWS_A_READ}
        waiting: list[StoredRow] = []
        while True:
            after = {"id": self._written(reached), "version": version}
            with self._engine.begin() as connection:
                found = connection.execute(query, asked | after).all()
            for row in found:
                one = _stored(*row)
                if waiting and waiting[0].dossier_id != one.dossier_id:
                    yield waiting
                    waiting = []
                waiting.append(one)
            if len(found) < _ROWS_A_READ:
                break
            reached, version = UUID(waiting[-1].dossier_id), waiting[-1].version
        if waiting:
            yield waiting

    def histories(self, step: Callable[[int], None] = lambda _: None) -> Iterator[list[Event]]:
        """Return the events stored by now, dossier by dossier; `step` gets the number of each."""
        for rows in self.dossiers(up_to=self.head()):
            yield [decode(row.topic, row.state) for row in rows]
            step(len(rows))

    def of(self, dossier_ids: Sequence[UUID], *, up_to: int) -> Iterator[list[StoredRow]]:
        """Return the events of each of these dossiers up to a position, in the order of versions."""
        query = text(
            f"SELECT {self._columns} FROM stored_events"  # noqa: S608  our own names
            f" WHERE originator_id {self._among_ids} AND {self._position} <= :up_to"
            " ORDER BY originator_id, originator_version"
        )
        for start in range(0, len(dossier_ids), _KEYS_A_QUERY):
            part = self._ids(dossier_ids[start : start + _KEYS_A_QUERY])
            with self._engine.begin() as connection:
                rows = connection.execute(query, {"ids": part, "up_to": up_to}).all()
            found = [_stored(*row) for row in rows]
            for _, of_one in groupby(found, attrgetter("dossier_id")):
                yield list(of_one)

    def requests(self, *, after: int, up_to: int) -> Iterator[RequestRow]:
        """Return every request after one position and up to another, in the order of positions.

        Those after `up_to` come too where there is no event.
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
        """Return those of these requests that are there."""
        query = text(
            "SELECT source, event_id FROM requests WHERE (source, event_id) IN :keys"
        ).bindparams(bindparam("keys", expanding=True))
        found: set[RequestKey] = set()
        with self._engine.begin() as connection:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                part = list(keys[start : start + _KEYS_A_QUERY])
                found |= {(row[0], row[1]) for row in connection.execute(query, {"keys": part})}
        return found

    def keyed(self, dossier_ids: Sequence[UUID]) -> set[UUID]:
        """Return those of these dossiers that have a key."""
        query = text(f"SELECT dossier_id FROM dossier_keys WHERE dossier_id {self._among_ids}")  # noqa: S608  our own names
        with self._engine.begin() as connection:
            found = connection.scalars(query, {"ids": self._ids(dossier_ids)}).all()
        return {one if isinstance(one, UUID) else UUID(one) for one in found}

    def keyless(self, erased: str) -> Iterator[list[StoredRow]]:
        """Return the events of each dossier without a key, those left out that hold this event."""
        query = text(
            "SELECT e.originator_id FROM stored_events e"
            " LEFT JOIN dossier_keys k ON k.dossier_id = e.originator_id"
            " WHERE e.originator_version = 1 AND k.dossier_id IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM stored_events x"
            " WHERE x.originator_id = e.originator_id AND x.topic = :erased)"
        )
        with self._engine.begin() as connection:
            found = connection.scalars(query, {"erased": erased}).all()
        ids = sorted(one if isinstance(one, UUID) else UUID(one) for one in found)
        yield from self.of(ids, up_to=_MOST)

    def erased_with_key(self, erased: str) -> list[UUID]:
        """Return the dossiers that hold this event and have a key all the same."""
        query = text(
            "SELECT DISTINCT k.dossier_id FROM dossier_keys k"
            " JOIN stored_events e ON e.originator_id = k.dossier_id WHERE e.topic = :erased"
        )
        with self._engine.begin() as connection:
            found = connection.scalars(query, {"erased": erased}).all()
        return sorted(one if isinstance(one, UUID) else UUID(one) for one in found)

    def _ids(self, dossier_ids: Sequence[UUID]) -> str | list[UUID]:
        """Return them as one parameter, however many they are."""
        return dumps([one.hex for one in dossier_ids]) if self._on_sqlite else list(dossier_ids)

    def _written(self, dossier_id: UUID) -> UUID | str:
        return dossier_id.hex if self._on_sqlite else dossier_id


def _stored(
    position: int, dossier_id: str, version: int, topic: str, state: bytes | str | None
) -> StoredRow:
    return StoredRow(
        position,
        str(dossier_id).replace("-", ""),
        version,
        str(topic),
        state.encode() if isinstance(state, str) else bytes(state or b""),
    )
