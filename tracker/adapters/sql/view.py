"""The rows of read models in SQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from msgspec.structs import asdict
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Table,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from tracker.adapters.sql.tables import table_of
from tracker.projections.rows import DossierRow, Row

_IDS_A_QUERY = 500

D = TypeVar("D", bound=DossierRow)
R = TypeVar("R", bound=Row)
T = TypeVar("T")


class SqlView:
    """The rows of one generation, inside one transaction."""

    def __init__(self, connection: Connection, generation: int) -> None:
        """Work on this connection, whose transaction is somebody else's."""
        self._connection = connection
        self._generation = generation

    def of(self, kind: type[D], dossier_ids: Sequence[UUID]) -> Sequence[D | None]:
        """Give the row of each of these dossiers, in their order; `None` where it has none."""
        table, found = table_of(kind, self._generation), dict[UUID, D]()
        for part in _parts(dossier_ids):
            query = select(table).where(table.c.dossier_id.in_(part))
            for row in self._connection.execute(query):
                found[row.dossier_id] = kind(**row._mapping)  # noqa: SLF001  SQLAlchemy's name for it
        return list(map(found.get, dossier_ids))

    def versions(self, kind: type[Row], dossier_ids: Sequence[UUID]) -> Sequence[int]:
        """Give likewise the newest version each has among rows of one an event; 0 for none."""
        table, found = table_of(kind, self._generation), dict[UUID, int]()
        newest = func.max(table.c.version).label("newest")
        for part in _parts(dossier_ids):
            query = select(table.c.dossier_id, newest).where(table.c.dossier_id.in_(part))
            rows = self._connection.execute(query.group_by(table.c.dossier_id))
            found |= {row.dossier_id: row.newest for row in rows}
        return [found.get(one, 0) for one in dossier_ids]

    def newest(self, kind: type[R], dossier_ids: Sequence[UUID]) -> Sequence[R | None]:
        """Give likewise the newest row each has among rows of one an event."""
        table, found = table_of(kind, self._generation), dict[UUID, R]()
        newest = func.max(table.c.version).label("newest")
        for part in _parts(dossier_ids):
            is_one = _is_among(self._connection, table.c.dossier_id, part)
            of_these = select(table.c.dossier_id, newest).where(is_one)
            top = of_these.group_by(table.c.dossier_id).subquery()
            is_top = (table.c.dossier_id == top.c.dossier_id) & (table.c.version == top.c.newest)
            for row in self._connection.execute(select(table).join(top, is_top)):
                found[row.dossier_id] = kind(**row._mapping)  # noqa: SLF001  as above
        return list(map(found.get, dossier_ids))

    def last(self, kind: type[R]) -> R | None:
        """Give the row with the greatest number, of rows known by one."""
        table = table_of(kind, self._generation)
        query = select(table).order_by(table.c[kind.KEY[0]].desc()).limit(1)
        row = self._connection.execute(query).first()
        return kind(**row._mapping) if row else None  # noqa: SLF001  as above

    def numbered(self, kind: type[R], numbers: Collection[int]) -> dict[int, R]:
        """Give the rows with these numbers, of rows known by one."""
        table, found = table_of(kind, self._generation), dict[int, R]()
        number = table.c[kind.KEY[0]]
        for part in _parts(numbers):
            for row in self._connection.execute(select(table).where(number.in_(part))):
                found[row._mapping[number]] = kind(**row._mapping)  # noqa: SLF001  as above
        return found

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""
        self._write(rows, replace=True)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
        self._write(rows, replace=False)

    def _write(self, rows: Iterable[Row], *, replace: bool) -> None:
        by_kind: dict[type[Row], list[dict[str, Any]]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(asdict(row))
        for kind, values in by_kind.items():
            table = table_of(kind, self._generation)
            statement = insert(self._connection)(table)
            if replace:
                statement = statement.on_conflict_do_update(
                    index_elements=list(kind.KEY),
                    set_={c.name: statement.excluded[c.name] for c in table.c if not c.primary_key},
                )
            self._connection.execute(statement, values)


def insert(connection: Connection) -> Callable[[Table], Any]:
    """Give the `INSERT` of this database, the one that knows `ON CONFLICT`."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _is_among(connection: Connection, column: Column[T], items: list[T]) -> ColumnElement[bool]:
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, items, type_=ARRAY(column.type)))
    return column.in_(items)


def _parts(items: Collection[T]) -> Iterator[list[T]]:
    every = list(items)
    for start in range(0, len(every), _IDS_A_QUERY):
        yield every[start : start + _IDS_A_QUERY]
