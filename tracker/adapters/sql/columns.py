"""Builds tables from the row classes of read models, and defines their column types."""

from datetime import UTC, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    Uuid,
)

from tracker.projections.model.rows import DossierRow, Row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FREE_SPACE: dict[str, Any] = {"postgresql_with": {"fillfactor": 70}}
"""Each page keeps free space for new versions of its rows, so updates need no index entries."""


def microseconds(moment: datetime | None) -> int | None:
    """Return a moment as whole microseconds since the start of 1970 in UTC."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int | None) -> datetime | None:
    """Return the moment that is this many microseconds after the start of 1970, in UTC."""
    return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment, stored as whole microseconds since the start of 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the number to store."""
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the stored moment."""
        return moment(value)


_TYPES: dict[type, Any] = {
    str: String,
    int: BigInteger,
    bool: Boolean,
    bytes: LargeBinary,
    UUID: Uuid,
    datetime: Instant,
}


@cache
def table_of(kind: type[Row], generation: int) -> Table:
    """Return the table for rows of this class in this generation of its read model."""
    name = f"{kind.TABLE}_{generation}"
    options = _FREE_SPACE if issubclass(kind, DossierRow) else {}
    table = Table(name, MetaData(), *_columns(kind), **options)
    for index in kind.INDEXES:
        Index(f"{name}_{'_'.join(index)}", *(table.c[column] for column in index))
    return table


def temporary_table_of(kind: type[Row]) -> Table:
    """Return a table for rows of this class that only the connection which creates it sees."""
    return Table(f"past_{kind.TABLE}", MetaData(), *_columns(kind), prefixes=["TEMPORARY"])


def _columns(kind: type[Row]) -> list[Column[Any]]:
    hints = get_type_hints(kind)
    columns: list[Column[Any]] = []
    for name in kind.__struct_fields__:
        hint = hints[name]
        optional = isinstance(hint, UnionType)
        bare = next(arg for arg in get_args(hint) if arg is not type(None)) if optional else hint
        column_type = _TYPES[bare]()
        is_key = name in kind.KEY
        columns.append(
            Column(name, column_type, primary_key=is_key, nullable=optional, autoincrement=False)
        )
    return columns
