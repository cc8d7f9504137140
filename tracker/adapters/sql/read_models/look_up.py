"""Looks a dossier's status up by its code."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.read_models.dialect import row_view_on
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.codes import dossier_id
from tracker.projections.dossier.lookup import LookUpResult
from tracker.projections.dossier.status import StatusRow


class SqlLookUp:
    """Reads the status model."""

    def __init__(self, status: SqlReadModel) -> None:
        """Read this model."""
        self._status = status
        self._connection = status.kept_connection()

    def rows(self, codes: Sequence[str]) -> dict[str, StatusRow]:
        """Return the status of the dossiers with these codes, as far as there are any."""
        return self.at_position(codes)[1]

    def at_position(self, codes: Sequence[str]) -> tuple[int, dict[str, StatusRow]]:
        """Return the rows, and the position of an event that is in them with all before it."""
        ids = {code: dossier_id(code) for code in codes}

        def ask(connection: Connection) -> tuple[int, dict[str, StatusRow]]:
            generation, position = self._status.live(connection)  # first: it never says too much
            rows = row_view_on(connection, generation).of(StatusRow, list(ids.values()))
            return position, {code: row for code, row in zip(ids, rows, strict=True) if row}

        return self._connection.read(ask)

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return what is known of each of these codes; whoever asks on the event loop may go on."""
        position, rows = await asyncio.to_thread(self.at_position, codes)
        return LookUpResult(position, None, [rows.get(code) for code in codes])

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    def samples(self, limit: int) -> list[str]:
        """Return the codes of up to `limit` dossiers, as unlike in their stages as can be."""
        with self._status.reading() as (connection, generation):
            table = table_of(StatusRow, generation)
            order = table.c.recorded_at.desc()
            nth = func.row_number().over(partition_by=table.c.stage, order_by=order).label("nth")
            ranked = select(table.c.code, table.c.stage, nth).subquery()
            query = select(ranked.c.code).order_by(ranked.c.nth, ranked.c.stage).limit(limit)
            return list(connection.scalars(query))
