"""Statements on the rows of read models that are the same on every database."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from tracker.adapters.sql.columns import table_of
from tracker.projections.model.rows import DossierRow, Row

IDS_A_QUERY = 500

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class SqlRowView:
    """The rows of one generation, inside one transaction."""

    def __init__(self, connection: Connection, generation: int) -> None:
        """Use this connection; the caller owns its transaction."""
        self._connection = connection
        self._generation = generation

    def last(self, kind: type[R]) -> R | None:
        """Return the row with the greatest number, of rows whose key is a number."""
        row = self._connection.execute(_last(table_of(kind, self._generation), kind.KEY[0])).first()
        return kind(**row._mapping) if row else None  # noqa: SLF001  public in SQLAlchemy

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Return the rows with these numbers, of rows whose key is a number."""
        query, rows = _numbered(table_of(kind, self._generation), kind.KEY[0]), dict[int, R]()
        for part in chunks(list(numbers), IDS_A_QUERY):
            for row in self._connection.execute(query, {"numbers": part}):
                rows[row._mapping[kind.KEY[0]]] = kind(**row._mapping)  # noqa: SLF001  as above
        return rows


class WriteStatements(Protocol):
    """The statements that write rows into one table."""

    @property
    def add(self) -> str:
        """Insert new rows."""

    @property
    def put(self) -> str:
        """Insert rows, or update the rows with the same key."""

    def parameters(self, rows: Sequence[Row]) -> Any:  # noqa: ANN401  what the driver takes
        """Return the values of the rows, as the driver takes them."""


class WritableRowView(SqlRowView, ABC):
    """A view that also writes rows, with statements made for its database."""

    @abstractmethod
    def _write_statements(self, kind: type[Row]) -> WriteStatements:
        """Return the statements that write rows of this kind."""

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Insert rows, or update the rows with the same key."""
        for kind, some in by_kind(rows).items():
            statements = self._write_statements(kind)
            self._connection.exec_driver_sql(statements.put, statements.parameters(some))

    def add(self, rows: Iterable[Row]) -> None:
        """Insert new rows."""
        for kind, some in by_kind(rows).items():
            statements = self._write_statements(kind)
            self._connection.exec_driver_sql(statements.add, statements.parameters(some))


@cache
def _last(table: Table, number: str) -> Select[Any]:
    return select(table).order_by(table.c[number].desc()).limit(1)


@cache
def _numbered(table: Table, number: str) -> Select[Any]:
    return select(table).where(table.c[number].in_(bindparam("numbers", expanding=True)))


def by_kind(rows: Iterable[Row]) -> dict[type[Row], list[Row]]:
    """Return the rows of each kind, in their order."""
    groups: dict[type[Row], list[Row]] = {}
    for row in rows:
        groups.setdefault(type(row), []).append(row)
    return groups


def insert(connection: Connection) -> Callable[[Table], Any]:
    """Return this database's `INSERT` construct, which supports `ON CONFLICT`."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in sequences of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
