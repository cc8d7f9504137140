"""Digests of read models. They depend on the rows, not on the order in which they were written."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, select, true

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.upsert import IDS_A_QUERY, chunks
from tracker.projections.model.rows import Row


def digest(
    connection: Connection,
    kinds: Sequence[type[Row]],
    generation: int,
    only: Collection[UUID] | None = None,
) -> str:
    """Return a SHA-256 over the rows of these tables, as hex; with `only`, of these dossiers."""
    total = hashlib.sha256()
    for kind in kinds:
        table = table_of(kind, generation)
        query = select(table).order_by(*table.primary_key)
        total.update(kind.TABLE.encode())
        for where in _conditions(table, only):
            for row in connection.execute(query.where(where)):
                total.update(msgspec.json.encode(tuple(row)))
    return total.hexdigest()


def _conditions(table: Table, only: Collection[UUID] | None) -> Iterator[ColumnElement[bool]]:
    if only is None:
        yield true()
        return
    for part in chunks(sorted(only), IDS_A_QUERY):
        yield table.c.dossier_id.in_(part)
