"""Read models in SQL: their generations, their positions, and the rows of each.

A rebuild fills a new generation of tables beside the live one and then switches; every
transaction asks for the live generation first, so that a switch is seen at once.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.migrate import Branch, check_migrated
from tracker.adapters.sql.tables import table_of
from tracker.projections.feed import Feed
from tracker.projections.projection import Projection
from tracker.projections.projector import BATCH
from tracker.projections.rows import DossierRow, Row

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
)
_IDS_A_QUERY = 500

D = TypeVar("D", bound=DossierRow)


@dataclass(frozen=True)
class Comparison:
    """The digests of the live tables and of those rebuilt."""

    live: str
    rebuilt: str

    @property
    def equal(self) -> bool:
        """Tell whether the live tables are what the events say."""
        return self.live == self.rebuilt


class SqlView:
    """The rows of one generation, inside one transaction."""

    def __init__(self, connection: Connection, generation: int) -> None:
        """Work on this connection, whose transaction is somebody else's."""
        self._connection = connection
        self._generation = generation

    def of(self, kind: type[D], dossier_ids: Collection[UUID]) -> dict[UUID, D]:
        """Give the rows these dossiers have."""
        table, ids = table_of(kind, self._generation), list(dossier_ids)
        found: dict[UUID, D] = {}
        for start in range(0, len(ids), _IDS_A_QUERY):
            part = ids[start : start + _IDS_A_QUERY]
            query = select(table).where(table.c.dossier_id.in_(part))
            for row in self._connection.execute(query):
                found[row.dossier_id] = kind(**row._mapping)  # noqa: SLF001  SQLAlchemy's name for it
        return found

    def put(self, rows: Iterable[DossierRow]) -> None:
        """Write rows that may be there already."""
        self._write(rows, replace=True)

    def add(self, rows: Iterable[Row]) -> None:
        """Write rows that are new."""
        self._write(rows, replace=False)

    def _write(self, rows: Iterable[Row], *, replace: bool) -> None:
        by_kind: dict[type[Row], list[dict[str, Any]]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(vars(row))
        for kind, values in by_kind.items():
            table = table_of(kind, self._generation)
            statement = insert(self._connection)(table)
            if replace:
                statement = statement.on_conflict_do_update(
                    index_elements=list(kind.KEY),
                    set_={c.name: statement.excluded[c.name] for c in table.c if not c.primary_key},
                )
            self._connection.execute(statement, values)


class SqlBatch:
    """One transaction on one generation of a read model."""

    def __init__(self, connection: Connection, name: str, generation: int) -> None:
        """Work on this connection."""
        self._connection = connection
        self._name = name
        self._generation = generation
        self.view = SqlView(connection, generation)

    def advance(self, partition: str, *, after: int, to: int) -> bool:
        """Move the position, first of all; `False` where it is not at `after` any more."""
        key = {"name": self._name, "generation": self._generation, "partition": partition}
        if after == 0:
            fresh = insert(self._connection)(_POSITIONS).values(**key, position=0)
            self._connection.execute(fresh.on_conflict_do_nothing())
        moved = self._connection.execute(
            update(_POSITIONS).where(_is(key), _POSITIONS.c.position == after).values(position=to)
        )
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
        """Make what is missing: the registry and, the first time, generation 1."""
        with writing(self._engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                check_migrated(self._engine, Branch.READ_MODELS)
                connection.execute(text("LOCK TABLE read_models IN EXCLUSIVE MODE"))
            else:
                _METADATA.create_all(connection)
            if _live(connection, self._projection.NAME) is None:
                self._create_tables(connection, 1)
                connection.execute(
                    _GENERATIONS.insert().values(name=self._projection.NAME, generation=1)
                )

    def position(self, partition: str) -> int:
        """Give the last position that is in the tables."""
        with self._engine.begin() as connection:
            return self._position(connection, self._generation_in(connection), partition)

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
        """Give a digest over every row, the same for equal rows whatever wrote them."""
        with self.reading() as (connection, generation):
            return digest(connection, self._projection.ROWS, generation)

    def _generation_in(self, connection: Connection) -> int:
        return self._generation or _live(connection, self._projection.NAME) or 1

    def _position(self, connection: Connection, generation: int, partition: str) -> int:
        key = {"name": self._projection.NAME, "generation": generation, "partition": partition}
        position = connection.scalar(select(_POSITIONS.c.position).where(_is(key)))
        return int(position or 0)

    def _create_tables(self, connection: Connection, generation: int) -> None:
        for kind in self._projection.ROWS:
            table_of(kind, generation).create(connection)

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

    def next_generation(self) -> "SqlReadModel":
        """Make empty tables beside the live ones; what an earlier rebuild left behind goes."""
        with writing(self._engine).begin() as connection:
            generation = self._generation_in(connection) + 1
            self._drop_tables(connection, generation)
            self._create_tables(connection, generation)
        return SqlReadModel(self._engine, self._projection, generation)

    def compare_and_switch(
        self, green: "SqlReadModel", feed: Feed, *, replace: bool = False
    ) -> Comparison:
        """Bring the green tables to just where the live ones are, compare, and switch if equal.

        All is compared on one snapshot, while the live tables may go on; what came meanwhile is
        compared again while they stand still, so that they do so only for a moment. Where they
        differ nothing is switched, unless told to `replace`, and both remain to be looked at.
        Raises `RebuildOvertakenError`.
        """
        with self._one_moment(green, feed) as (connection, live, new):
            comparison = self._compared(connection, live, new)
        if not (comparison.equal or replace):
            return comparison
        with writing(self._engine).begin() as connection:
            live, new = self._both(connection, green)
            since = self._compared(
                connection, live, new, self._bring_level(connection, feed, live, new)
            )
            if not (since.equal or replace):
                return since
            connection.execute(
                update(_GENERATIONS)
                .where(_GENERATIONS.c.name == self._projection.NAME)
                .values(generation=new)
            )
            self._drop_tables(connection, live)
        return comparison

    @contextmanager
    def _one_moment(
        self, green: "SqlReadModel", feed: Feed
    ) -> Iterator[tuple[Connection, int, int]]:
        """Open a transaction that sees both generations at the same position."""
        with ExitStack() as stack:
            with writing(self._engine).begin() as connection:
                live, new = self._both(connection, green)
                self._bring_level(connection, feed, live, new)
            with writing(self._engine).begin() as connection:
                # Nobody commits while this transaction is open, so the snapshot is level too.
                live, new = self._both(connection, green)
                if self._bring_level(connection, feed, live, new):
                    connection.commit()
                snapshot = stack.enter_context(_snapshot(self._engine))
                self._both(snapshot, green)
            yield snapshot, live, new

def digest(self) -> str:
        """Give a digest over every row, the same for equal rows whatever wrote them."""
        with self.reading() as (connection, generation):
            return digest(connection, self._projection.ROWS, generation)

    def _generation_in(self, connection: Connection) -> int:
        return self._generation or _live(connection, self._projection.NAME) or 1

    def _position(self, connection: Connection, generation: int, partition: str) -> int:
        key = {"name": self._projection.NAME, "generation": generation, "partition": partition}
        position = connection.scalar(select(_POSITIONS.c.position).where(_is(key)))
        return int(position or 0)

    def _create_tables(self, connection: Connection, generation: int) -> None:
        for kind in self._projection.ROWS:
            table_of(kind, generation).create(connection)

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

    def next_generation(self) -> "SqlReadModel":
        """Make empty tables beside the live ones; what an earlier rebuild left behind goes."""
        with writing(self._engine).begin() as connection:
            generation = self._generation_in(connection) + 1
            self._drop_tables(connection, generation)
            self._create_tables(connection, generation)
        return SqlReadModel(self._engine, self._projection, generation)

    def compare_and_switch(self, green: "SqlReadModel", feed: Feed) -> Comparison:
        """Bring the green tables to just where the live ones are, compare, and switch if equal.

        The live tables stand still meanwhile. Where they differ nothing is switched, and both
        remain to be looked at.
        """
        with writing(self._engine).begin() as connection:
            live, new = self._generation_in(connection), green._generation_in(connection)  # noqa: SLF001
            self._stand_still(connection, live)
            batch = SqlBatch(connection, self._projection.NAME, new)
            for partition in feed.partitions():
                end = self._position(connection, live, partition)
                while (after := self._position(connection, new, partition)) < end:
                    records = [
                        record
                        for record in feed.read(partition, after=after, limit=BATCH)
                        if record.position <= end
                    ]
                    if not records:
                        break
                    batch.advance(partition, after=after, to=records[-1].position)
                    self._projection.apply(records, batch.view)
            comparison = Comparison(
                digest(connection, self._projection.ROWS, live),
                digest(connection, self._projection.ROWS, new),
            )
            if comparison.equal:
                connection.execute(
                    update(_GENERATIONS)
                    .where(_GENERATIONS.c.name == self._projection.NAME)
                    .values(generation=new)
                )
                self._drop_tables(connection, live)
        return comparison


def digest(connection: Connection, kinds: Sequence[type[Row]], generation: int) -> str:
    """Give a digest over every row of these tables, the same for equal rows."""
    total = hashlib.sha256()
    for kind in kinds:
        table = table_of(kind, generation)
        total.update(kind.TABLE.encode())
        for row in connection.execute(select(table).order_by(*table.primary_key)):
            total.update(msgspec.json.encode(tuple(row)))
    return total.hexdigest()


def insert(connection: Connection) -> Callable[[Table], Any]:
    """Give the `INSERT` of this database, the one that knows `ON CONFLICT`."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _is(key: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(_POSITIONS.c[name] == value for name, value in key.items()))


def _live(connection: Connection, name: str) -> int | None:
    return connection.scalar(select(_GENERATIONS.c.generation).where(_GENERATIONS.c.name == name))
