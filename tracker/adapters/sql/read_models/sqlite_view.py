"""The rows of read models on SQLite: each statement is built once, ids are sent as a JSON array.

SQLAlchemy would build the statements for every batch. The batches of a running service are small,
so that took longer than reading and writing their rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import astuple
from sqlalchemy import Boolean, Table, Uuid

from tracker.adapters.sql.columns import Instant, microseconds, moment, table_of
from tracker.adapters.sql.upsert import WritableRowView
from tracker.projections.model.rows import DossierRow, Row

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)

_Convert = Callable[[Any], Any]
_WRITTEN: dict[type, _Convert] = {Uuid: attrgetter("hex"), Instant: microseconds}
_READ: dict[type, _Convert] = {Instant: moment, Boolean: bool}
"""Conversions for the column types that SQLite lacks."""


@dataclass(frozen=True)
class _Statements:
    """The statements on one table, and the conversions of its columns, in their order.

    The first column is the id of the dossier. It is not read, because the caller knows it.
    """

    of: str
    versions: str
    newest: str
    add: str
    put: str
    written: Sequence[_Convert | None]
    read: Sequence[tuple[int, _Convert]]

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Return one tuple of values for each row."""
        columns = zip(*map(astuple, rows), strict=True)
        written = (
            map(write, column) if write else column
            for write, column in zip(self.written, columns, strict=True)
        )
        return list(zip(*written, strict=True))


class SqliteRowView(WritableRowView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each dossier, in the given order; `None` for a dossier without one."""
        return self._rows(kind, _statements(kind, self._generation).of, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return the newest version of each dossier in a table with a row per event, 0 for none."""
        statement = _statements(kind, self._generation).versions
        return [version for (version,) in self._fetched(statement, dossier_ids)]

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return the newest row of each dossier in a table with a row per event, or `None`.

        Read only that row of each dossier.
        """
        return self._rows(kind, _statements(kind, self._generation).newest, dossier_ids)

    def _write_statements(self, kind: type[Row]) -> _Statements:
        return _statements(kind, self._generation)

    def _rows(self, kind: type[R], query: str, dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        conversions = _statements(kind, self._generation).read
        rows = list[R | None]([None] * len(dossier_ids))
        for index, *values in self._fetched(query, dossier_ids):
            for column, convert in conversions:
                values[column] = convert(values[column])
            rows[index] = kind(dossier_ids[index], *values)
        return rows

    def _fetched(self, query: str, dossier_ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        ids = msgspec.json.encode([dossier_id.hex for dossier_id in dossier_ids]).decode()
        return self._connection.exec_driver_sql(query, (ids,)).fetchall()


def _statements(kind: type[Row], generation: int) -> _Statements:
    return _statements_on(table_of(kind, generation), kind.KEY)


@cache
def _statements_on(table: Table, key: tuple[str, ...]) -> _Statements:
    names = [column.name for column in table.c]
    types = [type(column.type) for column in table.c]
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    add = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  our own names
    # `CROSS JOIN` makes SQLite read the ids first and look each up by the index.
    of = (
        f"SELECT asked.key, {', '.join(names[1:])}"  # noqa: S608  as above
        f" FROM json_each(?) AS asked CROSS JOIN {table.name} ON dossier_id = asked.value"
    )
    last = f"(SELECT max(version) FROM {table.name} WHERE dossier_id = asked.value)"  # noqa: S608  as above
    return _Statements(
        of=of,
        versions=f"SELECT coalesce({last}, 0) FROM json_each(?) AS asked ORDER BY asked.key",  # noqa: S608  as above
        newest=f"{of} AND version = {last}",
        add=add,
        put=f"{add} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}",
        written=[_WRITTEN.get(kind) for kind in types],
        read=[(number, _READ[kind]) for number, kind in enumerate(types[1:]) if kind in _READ],
    )
