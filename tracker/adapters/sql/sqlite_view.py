"""The rows of read models on SQLite: statements made once, ids asked for in one JSON array.

SQLAlchemy would make them anew for every batch, and those of a service at work are small: that cost
more than all their rows.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Boolean, Table, Uuid

from tracker.adapters.sql.tables import Instant, microseconds, moment, table_of
from tracker.adapters.sql.view import SqlView, by_kind
from tracker.projections.rows import DossierRow, Row, row_of

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)

_WRITTEN: dict[type, Callable[[Any], Any]] = {Uuid: attrgetter("hex"), Instant: microseconds}
_READ: dict[type, Callable[[Any], Any]] = {Uuid: UUID, Instant: moment, Boolean: bool}
"""How values are written and read, by the type of their column, where SQLite has another kind."""


@dataclass(frozen=True)
class _Statements:
    """What is said to one table, and how its columns are written and read."""

    select: str
    versions: str
    newest: str
    add: str
    put: str
    names: tuple[str, ...]
    written: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    read: tuple[tuple[str, Callable[[Any], Any]], ...]


class SqliteView(SqlView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Collection[UUID]) -> dict[UUID, D]:
        """Give the rows these dossiers have."""
        return self._found(kind, _statements(kind, self._generation).select, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Collection[UUID]) -> dict[UUID, int]:
        """Give the newest version each of these dossiers has among rows of one an event."""
        said = _statements(kind, self._generation)
        rows = self._connection.exec_driver_sql(said.versions, (_array(dossier_ids),))
        return {UUID(dossier_id): newest for dossier_id, newest in rows}

    def newest(self, kind: type[R], dossier_ids: Collection[UUID]) -> dict[UUID, R]:
        """Give the newest row each of these dossiers has among rows of one an event."""
        return self._found(kind, _statements(kind, self._generation).newest, dossier_ids)

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""
        for kind, some in by_kind(rows).items():
            said = _statements(kind, self._generation)
            self._connection.exec_driver_sql(said.put, _values(said, some))

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
        for kind, some in by_kind(rows).items():
            said = _statements(kind, self._generation)
            self._connection.exec_driver_sql(said.add, _values(said, some))

    def _found(self, kind: type[R], query: str, dossier_ids: Collection[UUID]) -> dict[UUID, R]:
        said, found = _statements(kind, self._generation), dict[UUID, R]()
        for row in self._connection.exec_driver_sql(query, (_array(dossier_ids),)):
            values = dict(zip(said.names, row, strict=True))
            for name, read in said.read:
                values[name] = read(values[name])
            found[values["dossier_id"]] = row_of(kind, values)
        return found


def _array(dossier_ids: Collection[UUID]) -> str:
    return msgspec.json.encode([one.hex for one in dossier_ids]).decode()


def _values(said: _Statements, rows: list[Row]) -> list[tuple[Any, ...]]:
    columns: list[Iterable[Any]] = []
    for name, write in said.written:
        column = map(attrgetter(name), rows)
        columns.append(map(write, column) if write else column)
    return list(zip(*columns, strict=True))


def _statements(kind: type[Row], generation: int) -> _Statements:
    return _statements_on(table_of(kind, generation), kind.KEY)


@cache
def _statements_on(table: Table, key: tuple[str, ...]) -> _Statements:
    names = tuple(column.name for column in table.c)
    types = {column.name: type(column.type) for column in table.c}
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    add = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  our own names
    of_these = f"FROM {table.name} WHERE dossier_id IN (SELECT value FROM json_each(?))"  # noqa: S608  as above
    last = f"SELECT max(version) FROM {table.name} WHERE dossier_id = asked.value"  # noqa: S608  as above
    return _Statements(
        select=f"SELECT {columns} {of_these}",
        versions=f"SELECT dossier_id, max(version) {of_these} GROUP BY dossier_id",
        newest=f"SELECT {columns} FROM json_each(?) AS asked JOIN {table.name} AS top"  # noqa: S608  as above
        f" ON top.dossier_id = asked.value AND top.version = ({last})",
        add=add,
        put=f"{add} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}",
        names=names,
        written=tuple((name, _WRITTEN.get(one)) for name, one in types.items()),
        read=tuple((name, _READ[one]) for name, one in types.items() if one in _READ),
    )
