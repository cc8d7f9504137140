"""The rows of read models on PostgreSQL: one statement whatever their number, an array a column.

Values are translated here and not by SQLAlchemy's types, which cost more than all the rest.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, LargeBinary, String, Table, Uuid

from tracker.adapters.sql.binary_arrays import (
    BigintArray,
    BooleanArray,
    ByteaArray,
    TextArray,
    UuidArray,
)
from tracker.adapters.sql.tables import Instant, microseconds, moment, table_of
from tracker.adapters.sql.view import SqlView, by_kind
from tracker.projections.rows import DossierRow, Row, row_of

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)

_ARRAYS: dict[type, tuple[str, Callable[[list[Any]], bytes]]] = {
    String: ("text", TextArray.of),
    BigInteger: ("bigint", BigintArray.of),
    Boolean: ("boolean", BooleanArray.of),
    LargeBinary: ("bytea", ByteaArray.of),
    Uuid: ("uuid", UuidArray.of),
    Instant: ("bigint", lambda values: BigintArray.of(list(map(microseconds, values)))),
}
"""What PostgreSQL calls each type of column, and how an array of it is written."""


@dataclass(frozen=True)
class _Statements:
    """What is said to one table, and how its columns are read and written, each in its place."""

    select: str
    versions: str
    newest: str
    add: str
    put: str
    names: tuple[str, ...]
    moments: tuple[str, ...]
    arrays: tuple[Callable[[list[Any]], bytes], ...]


class PostgresView(SqlView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Collection[UUID]) -> dict[UUID, D]:
        """Give the rows these dossiers have."""
        return self._found(kind, _statements(kind, self._generation).select, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Collection[UUID]) -> dict[UUID, int]:
        """Give the newest version each of these dossiers has among rows of one an event."""
        said = _statements(kind, self._generation)
        asked = UuidArray.of(list(dossier_ids))
        rows = self._connection.exec_driver_sql(said.versions, (asked,))
        return {row.dossier_id: row.newest for row in rows}

    def newest(self, kind: type[R], dossier_ids: Collection[UUID]) -> dict[UUID, R]:
        """Give the newest row each of these dossiers has among rows of one an event.

        Of each only this one row is looked at, however many it has.
        """
        return self._found(kind, _statements(kind, self._generation).newest, dossier_ids)

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""
        for kind, some in by_kind(rows).items():
            said = _statements(kind, self._generation)
            self._connection.exec_driver_sql(said.put, _written(said, some))

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
        for kind, some in by_kind(rows).items():
            said = _statements(kind, self._generation)
            self._connection.exec_driver_sql(said.add, _written(said, some))

    def _found(self, kind: type[R], query: str, dossier_ids: Collection[UUID]) -> dict[UUID, R]:
        said, found = _statements(kind, self._generation), dict[UUID, R]()
        asked = UuidArray.of(list(dossier_ids))
        for row in self._connection.exec_driver_sql(query, (asked,)):
            values = dict(zip(said.names, row, strict=True))
            for name in said.moments:
                values[name] = moment(values[name])
            found[values["dossier_id"]] = row_of(kind, values)
        return found


def _written(said: _Statements, rows: list[Row]) -> tuple[bytes, ...]:
    return tuple(
        array(list(map(attrgetter(name), rows)))
        for name, array in zip(said.names, said.arrays, strict=True)
    )


_MADE: dict[tuple[type[Row], int], _Statements] = {}


def _statements(kind: type[Row], generation: int) -> _Statements:
    if (kind, generation) not in _MADE:
        _MADE[kind, generation] = _statements_on(table_of(kind, generation), kind)
    return _MADE[kind, generation]


def _statements_on(table: Table, kind: type[Row]) -> _Statements:
    names = tuple(column.name for column in table.c)
    types = [type(column.type) for column in table.c]
    columns = ", ".join(names)
    arrays = ", ".join(f"%s::{_ARRAYS[one][0]}[]" for one in types)
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kind.KEY)
    add = f"INSERT INTO {table.name} ({columns}) SELECT * FROM unnest({arrays})"  # noqa: S608  our own names
    of_these = f"FROM {table.name} WHERE dossier_id = ANY (%s::uuid[])"
    return _Statements(
        select=f"SELECT {columns} {of_these}",
        versions=f"SELECT dossier_id, max(version) AS newest {of_these} GROUP BY dossier_id",
        newest=f"SELECT top.* FROM unnest(%s::uuid[]) AS asked (id), LATERAL"  # noqa: S608  as above
        f" (SELECT {columns} FROM {table.name} WHERE dossier_id = asked.id"
        " ORDER BY version DESC LIMIT 1) AS top",
        add=add,
        put=f"{add} ON CONFLICT ({', '.join(kind.KEY)}) DO UPDATE SET {changed}",
        names=names,
        moments=tuple(
            name for name, one in zip(names, types, strict=True) if issubclass(one, Instant)
        ),
        arrays=tuple(_ARRAYS[one][1] for one in types),
    )
