"""Looks a dossier's status up by its code."""

from collections.abc import Sequence

from sqlalchemy import func, select

from tracker.adapters.sql.read_model import SqlReadModel
from tracker.adapters.sql.tables import table_of
from tracker.adapters.sql.view import view_on
from tracker.domain.codes import dossier_id
from tracker.projections.status import StatusRow


class SqlLookUp:
    """Reads the status model."""

    def __init__(self, status: SqlReadModel) -> None:
        """Read this model."""
        self._status = status

    def rows(self, codes: Sequence[str]) -> dict[str, StatusRow]:
        """Give the status of the dossiers with these codes, as far as there are any."""
        ids = {code: dossier_id(code) for code in codes}
        with self._status.reading() as (connection, generation):
            found = view_on(connection, generation).of(StatusRow, set(ids.values()))
        return {code: found[one] for code, one in ids.items() if one in found}

    def samples(self, limit: int) -> list[str]:
        """Give the codes of up to `limit` dossiers, as unlike in their stages as can be."""
        with self._status.reading() as (connection, generation):
            table = table_of(StatusRow, generation)
            order = table.c.recorded_at.desc()
            nth = func.row_number().over(partition_by=table.c.stage, order_by=order).label("nth")
            ranked = select(table.c.code, table.c.stage, nth).subquery()
            query = select(ranked.c.code).order_by(ranked.c.nth, ranked.c.stage).limit(limit)
            return list(connection.scalars(query))
