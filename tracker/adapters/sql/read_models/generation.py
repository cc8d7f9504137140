"""Generations of read models: the tables of each, its positions, and which one is live."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    func,
    inspect,
    select,
    update,
)

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.read_models.digests import digest
from tracker.adapters.sql.upsert import insert
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import Projection

METADATA = MetaData()
GENERATIONS = Table(
    "read_models",
    METADATA,
    Column("name", String, primary_key=True),
    Column("generation", Integer, nullable=False),
)
POSITIONS = Table(
    "read_model_positions",
    METADATA,
    Column("name", String, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("partition", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("store_position", BigInteger, nullable=False),
)
# Every batch runs these statements. To build them each time costs more than a small batch's rows.
_HAS_KEY = and_(*(column == bindparam(f"of_{column.name}") for column in POSITIONS.primary_key))
_POSITION = select(POSITIONS.c.position).where(_HAS_KEY)
_ADVANCE = (
    update(POSITIONS)
    .where(_HAS_KEY, POSITIONS.c.position == bindparam("after"))
    .values(position=bindparam("last"), store_position=bindparam("last_stored"))
)
_LIVE = select(GENERATIONS.c.generation).where(GENERATIONS.c.name == bindparam("of_name"))


@dataclass(frozen=True)
class Generation:
    """One generation of a projection's tables. Each method works on the caller's transaction."""

    projection: Projection
    number: int

    def create_tables(self, connection: Connection) -> None:
        """Create the tables, empty."""
        for kind in self.projection.ROWS:
            table_of(kind, self.number).create(connection)

    def drop(self, connection: Connection) -> None:
        """Drop the tables that exist, and delete the positions."""
        for kind in self.projection.ROWS:
            table_of(kind, self.number).drop(connection, checkfirst=True)
        connection.execute(POSITIONS.delete().where(self._owns_position))

    def has_current_tables(self, connection: Connection) -> bool:
        """Return whether all tables exist with the columns that this program needs."""
        tables = [table_of(kind, self.number) for kind in self.projection.ROWS]
        database = inspect(connection)
        return all(
            database.has_table(table.name)
            and {column["name"] for column in database.get_columns(table.name)}
            == set(table.c.keys())
            for table in tables
        )

    def position(self, connection: Connection, partition: str) -> int:
        """Return the last position of a partition that is in the tables, 0 if there is none."""
        return int(connection.scalar(_POSITION, self._key(partition, "of_")) or 0)

    def positions(self, connection: Connection) -> dict[str, int]:
        """Return the last position of each partition that is in the tables."""
        query = select(POSITIONS.c.partition, POSITIONS.c.position).where(self._owns_position)
        return dict(connection.execute(query).all())

    def store_position(self, connection: Connection) -> int:
        """Return the position in the event store of the newest event in the tables, or 0."""
        newest = select(func.max(POSITIONS.c.store_position)).where(self._owns_position)
        return int(connection.scalar(newest) or 0)

    def advance(self, connection: Connection, partition: str, *, after: int, last: Record) -> bool:
        """Move the position of a partition to `last`. Return `False` if it is not at `after`."""
        if after == 0:
            first = insert(connection)(POSITIONS).values(
                **self._key(partition), position=0, store_position=0
            )
            connection.execute(first.on_conflict_do_nothing())
        values = {"after": after, "last": last.position, "last_stored": last.store_position}
        moved = connection.execute(_ADVANCE, self._key(partition, "of_") | values)
        return moved.rowcount == 1

    def lock_positions(self, connection: Connection) -> None:
        """Keep other transactions from moving the positions until this one ends."""
        connection.execute(select(POSITIONS).where(self._owns_position).with_for_update())

    def digest(self, connection: Connection, only: Collection[UUID] | None = None) -> str:
        """Return the digest of all rows, or of the rows of these dossiers."""
        return digest(connection, self.projection.ROWS, self.number, only)

    def make_live(self, connection: Connection) -> None:
        """Let readers and followers use this generation from the commit on."""
        is_model = GENERATIONS.c.name == self.projection.NAME
        connection.execute(update(GENERATIONS).where(is_model).values(generation=self.number))

    @property
    def _owns_position(self) -> ColumnElement[bool]:
        return and_(POSITIONS.c.name == self.projection.NAME, POSITIONS.c.generation == self.number)

    def _key(self, partition: str, prefix: str = "") -> dict[str, Any]:
        return {
            f"{prefix}name": self.projection.NAME,
            f"{prefix}generation": self.number,
            f"{prefix}partition": partition,
        }


def live_number(connection: Connection, name: str) -> int | None:
    """Return the number of a read model's live generation, `None` if it is not registered."""
    return connection.scalar(_LIVE, {"of_name": name})


def live_and_store_position(connection: Connection, name: str) -> tuple[int, int]:
    """Return the number of the live generation and its newest position in the event store.

    One statement reads both. The read model must be registered.
    """
    is_of_generation = and_(
        POSITIONS.c.name == GENERATIONS.c.name,
        POSITIONS.c.generation == GENERATIONS.c.generation,
    )
    query = (
        select(GENERATIONS.c.generation, func.max(POSITIONS.c.store_position))
        .select_from(GENERATIONS.outerjoin(POSITIONS, is_of_generation))
        .where(GENERATIONS.c.name == name)
        .group_by(GENERATIONS.c.generation)
    )
    generation, position = connection.execute(query).one()
    return generation, position or 0
