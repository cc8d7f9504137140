"""Tables made from the rows of read models, and the types their columns have."""

from datetime import UTC, datetime, timedelta
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
_ROOM_FOR_CHANGES: dict[str, Any] = {"postgresql_with": {"fillfactor": 70}}
"""Each page keeps room for the next versions of its rows, so that no index need hear of them."""


def microseconds(moment: datetime | None) -> int | None:
    """Return a moment as the whole microseconds since 1970 in UTC."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int | None) -> datetime | None:
    """Return the moment so many microseconds after 1970 began in UTC."""
    return None if microseconds is None else _EPOCH + microseconds * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """A moment, stored as whole microseconds since 1970 in UTC: exact, small, comparable."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Store it."""
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it."""
        return moment(value)


_TYPES: dict[type, Any] = {
    str: String,
    int: BigInteger,
    bool: Boolean,
    bytes: LargeBinary,
    UUID: Uuid,
    datetime: Instant,
}


_MADE: dict[tuple[type[Row], int], Table] = {}


def table_of(kind: type[Row], generation: int) -> Table:
    """Return the table that holds these rows in this generation of its read model."""
    if (kind, generation) not in _MADE:
        name = f"{kind.TABLE}_{generation}"
        filled = _ROOM_FOR_CHANGES if issubclass(kind, DossierRow) else {}
        table = Table(name, MetaData(), *_columns(kind), **filled)
        for index in kind.INDEXES:
            Index(f"{name}_{'_'.join(index)}", *(table.c[column] for column in index))
        _MADE[kind, generation] = table
    return _MADE[kind, generation]


def temporary_table_of(kind: type[Row]) -> Table:
    """Return a table for such rows which only its own connection sees."""
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
