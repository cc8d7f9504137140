"""Looks up statuses by code on PostgreSQL, on the event loop, with one statement for many codes.

Through a thread and SQLAlchemy a look-up took five statements, and each took several times the
server's own time. `SqlLookUp` reads the same data in the general way; tests compare both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from tracker.adapters.sql.binary_arrays import UuidArray, send_binary_arrays
from tracker.adapters.sql.columns import moment
from tracker.adapters.sql.engine import DatabaseUnavailableError
from tracker.adapters.sql.read_models.look_up import SqlLookUp
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.codes import id_bytes
from tracker.projections.dossier.lookup import LookUpResult, LookUpRow

_LIVE = "SELECT generation FROM read_models WHERE name = 'status'"
_FIND = """
SELECT ({live}), (
    SELECT max(store_position) FROM read_model_positions
    WHERE name = 'status' AND generation = {generation}
), ({head}), s.code, s.status, s.received_at_office, s.promised_at, s.paused_at, s.finished_at
FROM unnest(%s::uuid[]) WITH ORDINALITY AS asked (id, nth)
LEFT JOIN status_{generation} AS s ON s.dossier_id = asked.id
ORDER BY asked.nth
"""
"""Returns a row for each requested id, in the given order, also if the dossier is unknown."""

_HEAD = "SELECT max(notification_id) FROM stored_events"
_NO_HEAD = "SELECT NULL::bigint"
_CONNECT_WITHIN_S = 3
_ONE_PLAN = " ".join(
    f"-c {option}"
    for option in (
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
    )
)
"""The options of this connection: keep one plan, and use indexes even on small tables.

The connection runs only this statement. To plan it each time took longer than to run it.
"""


class _OutdatedError(Exception):
    """Another generation of the tables is live now."""


@dataclass(frozen=True)
class _Kept:
    """An open connection, and its statement for one generation of the tables."""

    connection: psycopg.AsyncConnection
    generation: int
    statement: str

    async def find(self, asked: UuidArray) -> LookUpResult:
        """Return the facts for these ids. Raise `_OutdatedError` and the errors of psycopg."""
        async with self.connection.cursor(binary=True) as cursor:
            await cursor.execute(self.statement, (asked,), prepare=True)
            rows: list[tuple[Any, ...]] = await cursor.fetchall()
        live, position, head = rows[0][:3]
        if live != self.generation:
            raise _OutdatedError
        return LookUpResult(position or 0, head, [_facts(row[3:]) for row in rows])


class PostgresLookUp(SqlLookUp):
    """Reads the read model of statuses; `find` needs no thread."""

    def __init__(self, status: SqlReadModel, url: str, *, is_beside_store: bool) -> None:
        """Read this model at `url`. `is_beside_store`: the same database stores the events."""
        super().__init__(status)
        send_binary_arrays()
        self._url = url
        self._head = _HEAD if is_beside_store else _NO_HEAD
        self._kept: _Kept | None = None

    async def find(self, codes: Sequence[str]) -> LookUpResult:
        """Return the facts for each code, in the given order, all of the same moment.

        Pass at least one code, and wait for the answer before the next call. If the connection has
        died or another generation is live, ask again on a new connection. Raise
        `DatabaseUnavailableError`.
        """
        asked = UuidArray.of_bytes([id_bytes(code) for code in codes])
        try:
            if self._kept is not None:
                try:
                    return await self._kept.find(asked)
                except (psycopg.Error, _OutdatedError):
                    self._drop()
            self._kept = await self._open()
            return await self._kept.find(asked)
        except (psycopg.OperationalError, _OutdatedError) as error:
            self._drop()
            raise DatabaseUnavailableError from error

    def close(self) -> None:
        """Close both connections."""
        self._drop()
        super().close()

    async def _open(self) -> _Kept:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, options=_ONE_PLAN, connect_timeout=_CONNECT_WITHIN_S
        )
        ((generation,),) = await (await connection.execute(_LIVE)).fetchall()
        statement = _FIND.format(live=_LIVE, generation=generation, head=self._head)
        return _Kept(connection, generation, statement)

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.connection.pgconn.finish()


def _facts(row: tuple[Any, ...]) -> LookUpRow | None:
    code, status, office, promised_at, paused_at, finished_at = row
    if code is None:
        return None
    return LookUpRow(
        code, status, office, moment(promised_at), moment(paused_at), moment(finished_at)
    )
