"""The rows of read models in SQL."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from tracker.adapters.sql.postgres_view import PostgresView
from tracker.adapters.sql.tables import table_of
from tracker.projections.rows import DossierRow, Row, View

_IDS_A_QUERY = 500

D = TypeVar("D", bound=DossierRow)


class SqlView:
    """The rows of one generation, inside one transaction."""

    def __init__(self, connection: Connection, generation: int) -> None:
        """Work on this connection, whose transaction is somebody else's."""
        self._connection = connection
        self._generation = generation

    def of(self, kind: type[D], dossier_ids: Collection[UUID]) -> dict[UUID, D]:
        """Give the rows these dossiers have."""
        table, ids = table_of(kind, self._generation), list(dossier_ids)
        found: dict[UUID, D] = {}
        for start in range(0, len(ids), _IDS_A_QUERY):
            part = ids[start : start + _IDS_A_QUERY]
            query = select(table).where(table.c.dossier_id.in_(part))
            for row in self._connection.execute(query):
                found[row.dossier_id] = kind(**row._mapping)  # noqa: SLF001  SQLAlchemy's name for it
        return found

    def versions(self, kind: type[Row], dossier_ids: Collection[UUID]) -> dict[UUID, int]:
        """Give the newest version each of these dossiers has among rows of one an event."""
        table, ids = table_of(kind, self._generation), list(dossier_ids)
        newest = func.max(table.c.version).label("newest")
        found: dict[UUID, int] = {}
        for start in range(0, len(ids), _IDS_A_QUERY):
            of_these = table.c.dossier_id.in_(ids[start : start + _IDS_A_QUERY])
            query = select(table.c.dossier_id, newest).where(of_these)
            rows = self._connection.execute(query.group_by(table.c.dossier_id))
            found |= {row.dossier_id: row.newest for row in rows}
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
            by_kind.setdefault(type(row), []).append(vars(row))
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


def view_on(connection: Connection, generation: int) -> View:
    """Give the rows of one generation as this database reads and writes them best."""
    if connection.dialect.name == "postgresql":
        return PostgresView(connection, generation)
    return SqlView(connection, generation)
