"""Read models in SQL: their generations, their positions, and the rows of each.

A rebuild fills a new generation of tables beside the live one and then switches; every
transaction asks for the live generation first, so that a switch is seen at once.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    func,
    inspect,
    select,
    text,
    update,
)

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.engine import KeptConnection, snapshots, writing
from tracker.adapters.sql.migrate import Branch, check_migrated
from tracker.adapters.sql.read_models.dialect import row_view_on
from tracker.adapters.sql.read_models.digests import digest
from tracker.adapters.sql.upsert import insert
from tracker.domain.errors import ConflictError, TrackerError
from tracker.projections.model.feed import Feed, Record
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import BATCH

_METADATA = MetaData()
_GENERATIONS = Table(
    "read_models",
    _METADATA,
    Column("name", String, primary_key=True),
    Column("generation", Integer, nullable=False),
)
_POSITIONS = Table(
    "read_model_positions",
    _METADATA,
    Column("name", String, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("partition", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("store_position", BigInteger, nullable=False),
)
# Said for every batch: made anew each time they would cost more than the rows of a small one.
_IS_IT = and_(*(one == bindparam(f"of_{one.name}") for one in _POSITIONS.primary_key))
_POSITION = select(_POSITIONS.c.position).where(_IS_IT)
_ADVANCE = (
    update(_POSITIONS)
    .where(_IS_IT, _POSITIONS.c.position == bindparam("after"))
    .values(position=bindparam("last"), store_position=bindparam("last_stored"))
)
_LIVE = select(_GENERATIONS.c.generation).where(_GENERATIONS.c.name == bindparam("of_name"))


class RebuildOvertakenError(ConflictError):
    """Another rebuild of this read model came first; its tables are in use now."""


class ReadModelAheadError(TrackerError):
    """A read model holds events that the store lacks: an old backup was put back."""


@dataclass(frozen=True)
class Comparison:
    """The digests of the live tables and of those rebuilt."""

    live: str
    rebuilt: str

    @property
    def equal(self) -> bool:
        """Return whether the live tables are what the events say."""
        return self.live == self.rebuilt


class SqlBatch:
    """One transaction on one generation of a read model."""

    def __init__(self, connection: Connection, name: str, generation: int) -> None:
        """Work on this connection."""
        self._connection = connection
        self._name = name
        self._generation = generation
        self.view = row_view_on(connection, generation)

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        """Move the position, first of all; `False` where it is not at `after` any more."""
        key = {"name": self._name, "generation": self._generation, "partition": partition}
        if after == 0:
            fresh = insert(self._connection)(_POSITIONS).values(**key, position=0, store_position=0)
            self._connection.execute(fresh.on_conflict_do_nothing())
        stored = {"after": after, "last": last.position, "last_stored": last.store_position}
        moved = self._connection.execute(_ADVANCE, _of(key) | stored)
        return moved.rowcount == 1


class SqlReadModel:
    """One projection's tables: the live generation, or one being built."""

    def __init__(
        self, engine: Engine, projection: Projection, generation: int | None = None
    ) -> None:
        """Follow the live generation, or keep to the one given."""
        self._engine = engine
        self._projection = projection
        self._generation = generation

    def create(self) -> None:
        """Make what is missing: the registry and, the first time, generation 1.

        Tables that another version of the program made, with other columns, are left for new empty
        ones, which fill up from the events again.
        """
        with writing(self._engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                check_migrated(self._engine, Branch.READ_MODELS)
                connection.execute(text("LOCK TABLE read_models IN EXCLUSIVE MODE"))
            else:
                _METADATA.create_all(connection)
            live = _live(connection, self._projection.NAME)
            if live is None:
                self._create_tables(connection, 1)
                connection.execute(
                    _GENERATIONS.insert().values(name=self._projection.NAME, generation=1)
                )
            elif not self._fits(connection, live):
                for stale in (live - 1, live + 1):
                    self._drop_tables(connection, stale)
                self._create_tables(connection, live + 1)
                self._switch(connection, live + 1)

    def position(self, partition: str) -> int:
        """Return the last position that is in the tables."""
        with self._engine.begin() as connection:
            return self._position(connection, self._generation_in(connection), partition)

    def positions(self) -> dict[str, int]:
        """Return the last position of each partition that is in the tables."""
        with self._engine.begin() as connection:
            query = select(_POSITIONS.c.partition, _POSITIONS.c.position).where(
                _POSITIONS.c.name == self._projection.NAME,
                _POSITIONS.c.generation == self._generation_in(connection),
            )
            return dict(connection.execute(query).all())

    def store_position(self) -> int:
        """Return the position in the event store of the newest event in the tables.

        With several partitions each may lack events before it that are in another.
        """
        with self._engine.begin() as connection:
            newest = select(func.max(_POSITIONS.c.store_position)).where(
                _POSITIONS.c.name == self._projection.NAME,
                _POSITIONS.c.generation == self._generation_in(connection),
            )
            return int(connection.scalar(newest) or 0)

    def kept_connection(self) -> KeptConnection:
        """Return a connection for whoever reads all the time."""
        return KeptConnection(self._engine)

    def live(self, connection: Connection) -> tuple[int, int]:
        """Return the live generation, and the position in the event store of its newest event."""
        its_own = and_(
            _POSITIONS.c.name == _GENERATIONS.c.name,
            _POSITIONS.c.generation == _GENERATIONS.c.generation,
        )
        query = (
            select(_GENERATIONS.c.generation, func.max(_POSITIONS.c.store_position))
            .select_from(_GENERATIONS.outerjoin(_POSITIONS, its_own))
            .where(_GENERATIONS.c.name == self._projection.NAME)
            .group_by(_GENERATIONS.c.generation)
        )
        generation, position = connection.execute(query).one()
        return generation, position or 0

    def version_of(self, dossier_id: UUID) -> int:
        """Return the version of a dossier that is in the tables; 0 where nothing is."""
        with self.reading() as (connection, generation):
            table = table_of(self._projection.ROWS[0], generation)
            version = func.max(table.c.version)
            found = connection.scalar(select(version).where(table.c.dossier_id == dossier_id))
            return int(found or 0)

    @contextmanager
    def batch(self) -> Iterator[SqlBatch]:
        """Open a transaction; it commits when all went well, else nothing of it remains."""
        with writing(self._engine).begin() as connection:
            yield SqlBatch(connection, self._projection.NAME, self._generation_in(connection))

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, int]]:
        """Open a transaction for reading; gives the connection and the generation to read."""
        with self._engine.begin() as connection:
            yield connection, self._generation_in(connection)

    def digest(self) -> str:
        """Return a digest over every row, the same for equal rows whatever wrote them."""
        with self.reading() as (connection, generation):
            return digest(connection, self._projection.ROWS, generation)

    def standing(self, partitions: Iterable[str]) -> tuple[dict[str, int], str]:
        """Return the position in each partition and the digest, both of one moment."""
        with snapshots(self._engine).begin() as connection:
            live = self._generation_in(connection)
            positions = {one: self._position(connection, live, one) for one in partitions}
            return positions, digest(connection, self._projection.ROWS, live)

    def _generation_in(self, connection: Connection) -> int:
        return self._generation or _live(connection, self._projection.NAME) or 1

    def _position(self, connection: Connection, generation: int, partition: str) -> int:
        key = {"name": self._projection.NAME, "generation": generation, "partition": partition}
        return int(connection.scalar(_POSITION, _of(key)) or 0)

    def _create_tables(self, connection: Connection, generation: int) -> None:
        for kind in self._projection.ROWS:
            table_of(kind, generation).create(connection)

    def _fits(self, connection: Connection, generation: int) -> bool:
        tables = [table_of(kind, generation) for kind in self._projection.ROWS]
        there = inspect(connection)
        return all(
            there.has_table(table.name)
            and {one["name"] for one in there.get_columns(table.name)} == set(table.c.keys())
            for table in tables
        )

    def _drop_tables(self, connection: Connection, generation: int) -> None:
        for kind in self._projection.ROWS:
            table_of(kind, generation).drop(connection, checkfirst=True)
        connection.execute(
            _POSITIONS.delete().where(
                _POSITIONS.c.name == self._projection.NAME, _POSITIONS.c.generation == generation
            )
        )

    def _stand_still(self, connection: Connection, generation: int) -> None:
        """Keep others from moving the positions of this generation until we commit."""
        of_it = and_(
            _POSITIONS.c.name == self._projection.NAME, _POSITIONS.c.generation == generation
        )
        connection.execute(select(_POSITIONS).where(of_it).with_for_update())

    # --------------------------------------------------------- blue and green

    def drop_old(self) -> None:
        """Drop the tables that were live before the last switch.

        To be called a while after it: somebody may have begun to read when they were live.
        """
        with writing(self._engine).begin() as connection:
            self._drop_tables(connection, self._generation_in(connection) - 1)

    def next_generation(self) -> "SqlReadModel":
        """Make empty tables beside the live ones; what earlier rebuilds left behind goes."""
        with writing(self._engine).begin() as connection:
            generation = self._generation_in(connection) + 1
            self._drop_tables(connection, generation - 2)
            self._drop_tables(connection, generation)
            self._create_tables(connection, generation)
        return SqlReadModel(self._engine, self._projection, generation)

    def compare_and_switch(self, green: "SqlReadModel", feed: Feed) -> Comparison:
        """Bring both generations to one position, compare, and switch to green where equal.

        All is compared on a snapshot while the live tables go on; what came meanwhile is compared
        again while they stand still, which is only for a moment. Where they differ nothing is
        switched, and both remain to be looked at.

        Raise `RebuildOvertakenError`, `ReadModelAheadError`.
        """
        with self._one_moment(green, feed) as (connection, live, new):
            comparison = self._compared(connection, live, new)
        if not comparison.equal:
            return comparison
        with writing(self._engine).begin() as connection:
            live, new = self._both(connection, green)
            self._stand_still(connection, live)
            since = self._bring_level(connection, feed, live, new)
            at_last = self._compared(connection, live, new, since)
            if not at_last.equal:
                return at_last
            self._switch(connection, new)
        return comparison

    def replace_with(self, green: "SqlReadModel") -> None:
        """Switch to green, whatever it holds. Raise `RebuildOvertakenError`."""
        with writing(self._engine).begin() as connection:
            self._switch(connection, self._both(connection, green)[1])

    def _switch(self, connection: Connection, new: int) -> None:
        of_it = _GENERATIONS.c.name == self._projection.NAME
        connection.execute(update(_GENERATIONS).where(of_it).values(generation=new))

    @contextmanager
    def _one_moment(
        self, green: "SqlReadModel", feed: Feed
    ) -> Iterator[tuple[Connection, int, int]]:
        """Open a transaction that sees both generations at the same position."""
        while True:
            with ExitStack() as stack:
                snapshot = None
                with writing(self._engine).begin() as connection:
                    live, new = self._both(connection, green)
                    self._stand_still(connection, live)
                    if not self._bring_level(connection, feed, live, new):
                        # Nobody else commits now, so whoever looks sees them level.
                        snapshot = stack.enter_context(snapshots(self._engine).begin())
                        self._both(snapshot, green)
                if snapshot is not None:
                    yield snapshot, live, new
                    return

    def _both(self, connection: Connection, green: "SqlReadModel") -> tuple[int, int]:
        live, new = self._generation_in(connection), green._generation_in(connection)  # noqa: SLF001
        if new != live + 1:
            raise RebuildOvertakenError
        return live, new

    def _bring_level(
        self, connection: Connection, feed: Feed, *generations: int
    ) -> Collection[UUID]:
        """Bring all to where the foremost is; give the dossiers touched on the way."""
        name, touched = self._projection.NAME, set[UUID]()
        for partition in feed.partitions():
            end = max(self._position(connection, one, partition) for one in generations)
            for generation in generations:
                batch = SqlBatch(connection, name, generation)
                while (after := self._position(connection, generation, partition)) < end:
                    read = feed.read(partition, after=after, limit=BATCH)
                    records = [record for record in read if record.position <= end]
                    if not records:
                        raise ReadModelAheadError
                    batch.advance(partition, after=after, last=records[-1])
                    self._projection.apply(records, batch.view)
                    touched |= {record.event.originator_id for record in records}
        return touched

    def _compared(
        self, connection: Connection, live: int, new: int, only: Collection[UUID] | None = None
    ) -> Comparison:
        rows = self._projection.ROWS
        return Comparison(digest(connection, rows, live, only), digest(connection, rows, new, only))


def _of(key: dict[str, Any]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in key.items()}


def _live(connection: Connection, name: str) -> int | None:
    return connection.scalar(_LIVE, {"of_name": name})
