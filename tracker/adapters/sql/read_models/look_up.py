"""Looks up the status of a dossier by its code."""

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
    """Reads the read model of statuses."""

    def __init__(self, status: SqlReadModel) -> None:
        """Read this model."""
        self._status = status
        self._connection = status.kept_connection()

    def rows(self, codes: Sequence[str]) -> dict[str, StatusRow]:
        """Return the status of each dossier by its code; unknown codes are left out."""
        return self.at_position(codes)[1]

    def at_position(self, codes: Sequence[str]) -> tuple[int, dict[str, StatusRow]]:
        """Return a position, and rows that contain all events up to it."""
        ids = {code: dossier_id(code) for code in codes}

        def ask(connection: Connection) -> tuple[int, dict[str, StatusRow]]:
            # Read the position first: the rows may then be newer, never older.
            generation, position = self._status.live(connection)
            rows = row_view_on(connection, generation).of(StatusRow, list(ids.values()))
            return position, {code: row for code, row in zip(ids, rows, strict=True) if row}

        return self._connection.read(ask)

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return the facts for each code, in the given order, without blocking the event loop."""
        position, rows = await asyncio.to_thread(self.at_position, codes)
        return LookUpResult(position, None, [rows.get(code) for code in codes])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def samples(self, limit: int) -> list[str]:
        """Return the codes of up to `limit` dossiers, spread over the stages, newest first."""
        with self._status.reading() as (connection, generation):
            table = table_of(StatusRow, generation)
            order = table.c.recorded_at.desc()
            nth = func.row_number().over(partition_by=table.c.stage, order_by=order).label("nth")
            ranked = select(table.c.code, table.c.stage, nth).subquery()
            query = select(ranked.c.code).order_by(ranked.c.nth, ranked.c.stage).limit(limit)
            return list(connection.scalars(query))
