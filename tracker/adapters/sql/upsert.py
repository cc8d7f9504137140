"""The rows of read models in SQL: what is the same on every database."""

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from tracker.adapters.sql.columns import table_of
from tracker.projections.model.rows import Row

_IDS_A_QUERY = 500

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class SqlRowView:
    """The rows of one generation, inside one transaction."""

    def __init__(self, connection: Connection, generation: int) -> None:
        """Work on this connection, whose transaction is somebody else's."""
        self._connection = connection
        self._generation = generation

    def last(self, kind: type[R]) -> R | None:
        """Return the row with the greatest number, of rows known by one."""
        row = self._connection.execute(_last(table_of(kind, self._generation), kind.KEY[0])).first()
        return kind(**row._mapping) if row else None  # noqa: SLF001  SQLAlchemy's name for it

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Return the rows with these numbers, of rows known by one."""
        query, found = _numbered(table_of(kind, self._generation), kind.KEY[0]), dict[int, R]()
        for part in _parts(numbers):
            for row in self._connection.execute(query, {"numbers": part}):
                found[row._mapping[kind.KEY[0]]] = kind(**row._mapping)  # noqa: SLF001  as above
        return found


@cache
def _last(table: Table, number: str) -> Select[Any]:
    return select(table).order_by(table.c[number].desc()).limit(1)


@cache
def _numbered(table: Table, number: str) -> Select[Any]:
    return select(table).where(table.c[number].in_(bindparam("numbers", expanding=True)))


def by_kind(rows: Iterable[Row]) -> dict[type[Row], list[Row]]:
    """Return the rows of each kind, in their order."""
    found: dict[type[Row], list[Row]] = {}
    for row in rows:
        found.setdefault(type(row), []).append(row)
    return found


def insert(connection: Connection) -> Callable[[Table], Any]:
    """Return the `INSERT` of this database, the one that knows `ON CONFLICT`."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _parts(items: Collection[T]) -> Iterator[list[T]]:
    every = list(items)
    for start in range(0, len(every), _IDS_A_QUERY):
        yield every[start : start + _IDS_A_QUERY]
