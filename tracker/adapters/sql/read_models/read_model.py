"""Read models in SQL.

A rebuild fills a new generation of tables next to the live one and then switches to it. Every
transaction first asks which generation is live, so it sees a switch at once.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, Engine, func, select, text

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.engine import KeptConnection, snapshots, writing
from tracker.adapters.sql.migrate import Branch, check_migrated
from tracker.adapters.sql.read_models.batch import SqlBatch
from tracker.adapters.sql.read_models.generation import (
    GENERATIONS,
    METADATA,
    Generation,
    live_and_store_position,
    live_number,
)
from tracker.adapters.sql.read_models.rebuild import Comparison, Replacement
from tracker.projections.model.feed import Feed
from tracker.projections.model.projection import Projection


class SqlReadModel:
    """The tables of one projection: the live generation, or one that is being built."""

    def __init__(
        self, engine: Engine, projection: Projection, generation: int | None = None
    ) -> None:
        """Follow the live generation, or use only the given one."""
        self._engine = engine
        self._projection = projection
        self._number = generation

    def create(self) -> None:
        """Create the missing tables: the registry and, the first time, generation 1.

        If another version of the program made the live tables with other columns, create a new
        empty generation and switch to it. It fills up from the events again.
        """
        with writing(self._engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                check_migrated(self._engine, Branch.READ_MODELS)
                connection.execute(text("LOCK TABLE read_models IN EXCLUSIVE MODE"))
            else:
                METADATA.create_all(connection)
            live = live_number(connection, self._projection.NAME)
            if live is None:
                self._numbered(1).create_tables(connection)
                connection.execute(
                    GENERATIONS.insert().values(name=self._projection.NAME, generation=1)
                )
            elif not self._numbered(live).has_current_tables(connection):
                for stale in (live - 1, live + 1):
                    self._numbered(stale).drop(connection)
                self._numbered(live + 1).create_tables(connection)
                self._numbered(live + 1).make_live(connection)

    def position(self, partition: str) -> int:
        """Return the last position of a partition that is in the tables, 0 if there is none."""
        with self._engine.begin() as connection:
            return self.generation(connection).position(connection, partition)

    def positions(self) -> dict[str, int]:
        """Return the last position of each partition that is in the tables."""
        with self._engine.begin() as connection:
            return self.generation(connection).positions(connection)

    def store_position(self) -> int:
        """Return the position in the event store of the newest event in the tables, or 0.

        If the feed has several partitions, older events of another partition may be missing.
        """
        with self._engine.begin() as connection:
            return self.generation(connection).store_position(connection)

    def kept_connection(self) -> KeptConnection:
        """Return a connection for a reader that reads all the time."""
        return KeptConnection(self._engine)

    def live(self, connection: Connection) -> tuple[int, int]:
        """Return the number of the live generation and its newest position in the event store."""
        return live_and_store_position(connection, self._projection.NAME)

    def version_of(self, dossier_id: UUID) -> int:
        """Return the version of a dossier that is in the tables, 0 if it is not in them."""
        with self.reading() as (connection, generation):
            table = table_of(self._projection.ROWS[0], generation)
            newest = select(func.max(table.c.version)).where(table.c.dossier_id == dossier_id)
            return int(connection.scalar(newest) or 0)

    @contextmanager
    def batch(self) -> Iterator[SqlBatch]:
        """Open a transaction for writing. It commits on success and rolls back on an error."""
        with writing(self._engine).begin() as connection:
            yield SqlBatch(connection, self.generation(connection))

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, int]]:
        """Open a transaction for reading. Yield its connection and the generation to read."""
        with self._engine.begin() as connection:
            yield connection, self.generation(connection).number

    def digest(self) -> str:
        """Return a digest of all rows. Equal rows have equal digests."""
        with self._engine.begin() as connection:
            return self.generation(connection).digest(connection)

    def standing(self, partitions: Iterable[str]) -> tuple[dict[str, int], str]:
        """Return the position in each partition and the digest, both of the same moment."""
        with snapshots(self._engine).begin() as connection:
            generation = self.generation(connection)
            positions = {name: generation.position(connection, name) for name in partitions}
            return positions, generation.digest(connection)

    def generation(self, connection: Connection) -> Generation:
        """Return the generation that this model uses in the transaction of the connection."""
        number = self._number or live_number(connection, self._projection.NAME)
        return self._numbered(number or 1)

    def next_generation(self) -> "SqlReadModel":
        """Create empty tables for a rebuild. Drop what earlier rebuilds left behind."""
        with writing(self._engine).begin() as connection:
            number = self.generation(connection).number + 1
            self._numbered(number - 2).drop(connection)
            self._numbered(number).drop(connection)
            self._numbered(number).create_tables(connection)
        return SqlReadModel(self._engine, self._projection, number)

    def drop_old(self) -> None:
        """Drop the tables that were live before the last switch.

        Wait a while after the switch: a reader may have begun when they were live.
        """
        with writing(self._engine).begin() as connection:
            self._numbered(self.generation(connection).number - 1).drop(connection)

    def compare_and_switch(self, green: "SqlReadModel", feed: Feed) -> Comparison:
        """Make `green` live if its rows equal the live rows at the same position.

        Raise `RebuildOvertakenError`, `ReadModelAheadError`.
        """
        return self._replacement(green).switch_if_equal(feed)

    def replace_with(self, green: "SqlReadModel") -> None:
        """Make `green` live without a comparison. Raise `RebuildOvertakenError`."""
        self._replacement(green).switch()

    def _replacement(self, green: "SqlReadModel") -> Replacement:
        return Replacement(self._engine, self.generation, green.generation)

    def _numbered(self, number: int) -> Generation:
        return Generation(self._projection, number)
