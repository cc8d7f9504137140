"""Looks a dossier's status up by its code."""

from sqlalchemy import select

from tracker.adapters.sql.read_model import SqlReadModel
from tracker.adapters.sql.tables import table_of
from tracker.domain.codes import dossier_id
from tracker.projections.status import StatusRow


class SqlLookUp:
    """Reads the status model."""

    def __init__(self, status: SqlReadModel) -> None:
        """Read this model."""
        self._status = status

    def row(self, code: str) -> StatusRow | None:
        """Give the status of the dossier with this code, if there is one."""
        with self._status.reading() as (connection, generation):
            table = table_of(StatusRow, generation)
            row = connection.execute(
                select(table).where(table.c.dossier_id == dossier_id(code))
            ).first()
        return StatusRow(**row._mapping) if row else None  # noqa: SLF001  SQLAlchemy's name for it
