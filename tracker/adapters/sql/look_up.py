"""Looks a dossier's status up by its code."""

from sqlalchemy import func, select

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

    def samples(self, limit: int) -> list[str]:
        """Give the codes of up to `limit` dossiers, as unlike in their stages as can be."""
        with self._status.reading() as (connection, generation):
            table = table_of(StatusRow, generation)
            order = table.c.recorded_at.desc()
            nth = func.row_number().over(partition_by=table.c.stage, order_by=order).label("nth")
            ranked = select(table.c.code, table.c.stage, nth).subquery()
            query = select(ranked.c.code).order_by(ranked.c.nth, ranked.c.stage).limit(limit)
            return list(connection.scalars(query))
