"""The rows of read models on PostgreSQL: one statement for any number, one array per column.

This module converts the values itself. SQLAlchemy's types took longer than all other work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
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
from tracker.adapters.sql.upsert import WritableRowView
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
"""PostgreSQL's name of each column type, and the function that writes an array of it."""


@dataclass(frozen=True)
class _Statements:
    """The statements on one table, and the conversions of its columns, in their order."""

    versions: str
    newest: str
    add: str
    put: str
    moments: tuple[int, ...]
    arrays: tuple[Callable[[Sequence[Any]], bytes], ...]

    def parameters(self, rows: Sequence[Row]) -> tuple[bytes, ...]:
        """Return one array for each column."""
        columns = zip(*map(astuple, rows), strict=True)
        return tuple(array(column) for array, column in zip(self.arrays, columns, strict=True))


class PostgresRowView(WritableRowView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each dossier, in the given order; `None` for a dossier without one."""
        return self.newest(kind, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return the newest version of each dossier in a table with a row per event, 0 for none."""
        statement = _statements(kind, self._generation).versions
        versions = [0] * len(dossier_ids)
        for ordinal, version in self._fetched(statement, dossier_ids):
            versions[ordinal - 1] = version
        return versions

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return the newest row of each dossier in a table with a row per event, or `None`.

        Read only that row of each dossier.
        """
        statements = _statements(kind, self._generation)
        rows = list[R | None]([None] * len(dossier_ids))
        if fetched := self._fetched(statements.newest, dossier_ids):
            ordinals, *columns = zip(*fetched, strict=True)
            for column in statements.moments:
                columns[column] = tuple(map(moment, columns[column]))
            ids = [dossier_ids[ordinal - 1] for ordinal in ordinals]
            for ordinal, row in zip(ordinals, map(kind, ids, *columns), strict=True):
                rows[ordinal - 1] = row
        return rows

    def _write_statements(self, kind: type[Row]) -> _Statements:
        return _statements(kind, self._generation)

    def _fetched(self, query: str, dossier_ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        ids = UuidArray.of(dossier_ids)
        return self._connection.exec_driver_sql(query, (ids,)).fetchall()


@cache
def _statements(kind: type[Row], generation: int) -> _Statements:
    return _statements_on(table_of(kind, generation), kind)


def _statements_on(table: Table, kind: type[Row]) -> _Statements:
    names = tuple(column.name for column in table.c)
    types = [type(column.type) for column in table.c]
    columns = ", ".join(names)
    arrays = ", ".join(f"%s::{_ARRAYS[column_type][0]}[]" for column_type in types)
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kind.KEY)
    add = f"INSERT INTO {table.name} ({columns}) SELECT * FROM unnest({arrays})"  # noqa: S608  our own names
    # `LIMIT` makes PostgreSQL look up each id by the index. Without it the planner may read the
    # whole table, even for a thousandth of its rows.
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
        moments=tuple(
            n for n, column_type in enumerate(types[1:]) if issubclass(column_type, Instant)
        ),
        arrays=tuple(_ARRAYS[column_type][1] for column_type in types),
    )
