"""The rows of read models on PostgreSQL: one statement whatever their number, an array a column.

Values are translated here and not by SQLAlchemy's types, which cost more than all the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from msgspec.structs import astuple
from sqlalchemy import BigInteger, Boolean, LargeBinary, String, Table, Uuid

from tracker.adapters.sql.binary_arrays import (
    BigintArray,
    BooleanArray,
    ByteaArray,
    TextArray,
    UuidArray,
)
from tracker.adapters.sql.columns import Instant, microseconds, moment, table_of
from tracker.adapters.sql.upsert import SqlRowView, by_kind
from tracker.projections.model.rows import DossierRow, Row

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)

_ARRAYS: dict[type, tuple[str, Callable[[Sequence[Any]], bytes]]] = {
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

    versions: str
    newest: str
    add: str
    put: str
    moments: tuple[int, ...]
    arrays: tuple[Callable[[Sequence[Any]], bytes], ...]


class PostgresRowView(SqlRowView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each of these dossiers, in their order; `None` where it has none."""
        return self.newest(kind, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return likewise the newest version each has among rows of one an event; 0 for none."""
        versions = [0] * len(dossier_ids)
        for place, version in self._asked(
            _statements(kind, self._generation).versions, dossier_ids
        ):
            versions[place - 1] = version
        return versions

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return likewise the newest row each has among rows of one an event.

        Of each only this one row is looked at, however many it has.
        """
        said, rows = _statements(kind, self._generation), list[R | None]([None] * len(dossier_ids))
        if found := self._asked(said.newest, dossier_ids):
            places, *columns = zip(*found, strict=True)
            for number in said.moments:
                columns[number] = tuple(map(moment, columns[number]))
            asked = [dossier_ids[place - 1] for place in places]
            for place, row in zip(places, map(kind, asked, *columns), strict=True):
                rows[place - 1] = row
        return rows

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

    def _asked(self, query: str, dossier_ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        asked = (UuidArray.of(dossier_ids),)
        return self._connection.exec_driver_sql(query, asked).fetchall()


def _written(said: _Statements, rows: list[Row]) -> tuple[bytes, ...]:
    columns = zip(*map(astuple, rows), strict=True)
    return tuple(array(column) for array, column in zip(said.arrays, columns, strict=True))


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
    # `LIMIT` keeps PostgreSQL from joining in another way, id by id: it would rather read the whole
    # table than a thousandth part of it here and there.
    newest = (
        "SELECT place, top.* FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (id, place),"  # noqa: S608  as above
        f" LATERAL (SELECT {{}} FROM {table.name} WHERE dossier_id = asked.id"
        " ORDER BY version DESC LIMIT 1) AS top"
    )
    return _Statements(
        versions=newest.format("version"),
        newest=newest.format(", ".join(names[1:])),
        add=add,
        put=f"{add} ON CONFLICT ({', '.join(kind.KEY)}) DO UPDATE SET {changed}",
        moments=tuple(number for number, one in enumerate(types[1:]) if issubclass(one, Instant)),
        arrays=tuple(_ARRAYS[one][1] for one in types),
    )
