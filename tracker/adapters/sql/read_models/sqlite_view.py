"""The rows of read models on SQLite: statements made once, ids asked for in one JSON array.

SQLAlchemy would make them anew for every batch, and those of a service at work are small: that cost
more than all their rows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import astuple
from sqlalchemy import Boolean, Table, Uuid

from tracker.adapters.sql.columns import Instant, microseconds, moment, table_of
from tracker.adapters.sql.upsert import SqlRowView, by_kind
from tracker.projections.model.rows import DossierRow, Row

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)

_Convert = Callable[[Any], Any]
_WRITTEN: dict[type, _Convert] = {Uuid: attrgetter("hex"), Instant: microseconds}
_READ: dict[type, _Convert] = {Instant: moment, Boolean: bool}
"""How values are written and read, by the type of their column, where SQLite has another kind."""


@dataclass(frozen=True)
class _Statements:
    """What is said to one table, and how its columns are written and read, each in its place.

    A dossier's id is the first column, and is not read: whoever asks knows it.
    """

    of: str
    versions: str
    newest: str
    add: str
    put: str
    written: Sequence[_Convert | None]
    read: Sequence[tuple[int, _Convert]]


class SqliteRowView(SqlRowView):
    """The rows of one generation, inside one transaction."""

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Return the row of each of these dossiers, in their order; `None` where it has none."""
        return self._found(kind, _statements(kind, self._generation).of, dossier_ids)

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Return likewise the newest version each has among rows of one an event; 0 for none."""
        said = _statements(kind, self._generation)
        return [version for (version,) in self._asked(said.versions, dossier_ids)]

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Return likewise the newest row each has among rows of one an event.

        Of each only this one row is looked at, however many it has.
        """
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

    def _found(self, kind: type[R], query: str, dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        said, rows = _statements(kind, self._generation), list[R | None]([None] * len(dossier_ids))
        for place, *values in self._asked(query, dossier_ids):
            for number, read in said.read:
                values[number] = read(values[number])
            rows[place] = kind(dossier_ids[place], *values)
        return rows

    def _asked(self, query: str, dossier_ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
        asked = msgspec.json.encode([one.hex for one in dossier_ids]).decode()
        return self._connection.exec_driver_sql(query, (asked,)).fetchall()


def _values(said: _Statements, rows: list[Row]) -> list[tuple[Any, ...]]:
    columns = zip(*map(astuple, rows), strict=True)
    written = (
        map(write, column) if write else column
        for write, column in zip(said.written, columns, strict=True)
    )
    return list(zip(*written, strict=True))


def _statements(kind: type[Row], generation: int) -> _Statements:
    return _statements_on(table_of(kind, generation), kind.KEY)


@cache
def _statements_on(table: Table, key: tuple[str, ...]) -> _Statements:
    names = [column.name for column in table.c]
    types = [type(column.type) for column in table.c]
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    add = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608  our own names
    # `CROSS JOIN` keeps this order: id by id, each found by the index.
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
        written=[_WRITTEN.get(one) for one in types],
        read=[(number, _READ[one]) for number, one in enumerate(types[1:]) if one in _READ],
    )
