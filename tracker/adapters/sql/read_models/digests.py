"""Digests of read models: equal for equal rows, whatever wrote them and in whatever order."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, select, true

from tracker.adapters.sql.columns import table_of
from tracker.projections.model.rows import Row

_IDS_A_QUERY = 500


def digest(
    connection: Connection,
    kinds: Sequence[type[Row]],
    generation: int,
    only: Collection[UUID] | None = None,
) -> str:
    """Return a digest over every row of these tables, or of `only` some dossiers."""
    total = hashlib.sha256()
    for kind in kinds:
        table = table_of(kind, generation)
        query = select(table).order_by(*table.primary_key)
        total.update(kind.TABLE.encode())
        for where in _parts(table, only):
            for row in connection.execute(query.where(where)):
                total.update(msgspec.json.encode(tuple(row)))
    return total.hexdigest()


def _parts(table: Table, only: Collection[UUID] | None) -> Iterator[ColumnElement[bool]]:
    if only is None:
        yield true()
        return
    ids = sorted(only)
    for start in range(0, len(ids), _IDS_A_QUERY):
        yield table.c.dossier_id.in_(ids[start : start + _IDS_A_QUERY])
