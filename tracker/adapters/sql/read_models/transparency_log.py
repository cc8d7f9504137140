"""Reads the Merkle log, and builds the tree of heads (newest leaf of each dossier)."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from uuid import UUID

from msgspec.structs import asdict
from sqlalchemy import Connection, Engine, Table, func, inspect, select

from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.upsert import SqlRowView
from tracker.application.audit.proofs import NoCheckpointError
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.leaves import head_hash
from tracker.domain.transparency_log.merkle import Frontier, Node
from tracker.projections.transparency_log import HeadRow, LogRow

_ROWS_A_WRITE = 2000


class MissingLeafError(TrackerError):
    """The log lacks a leaf. Run `tracker verify` to see which, or `tracker rebuild log`."""


class SqlTransparencyLog:
    """The tables of the log, and one table of heads for each of the last checkpoints."""

    def __init__(self, engine: Engine, model: SqlReadModel) -> None:
        """Read this model in this database."""
        self._engine = engine
        self._model = model

    def size(self) -> int:
        """Return the number of leaves."""
        with self._model.reading() as (connection, generation):
            last = SqlRowView(connection, generation).last(LogRow)
        return last.leaf + 1 if last else 0

    def position(self) -> int:
        """Return the position in the store of the newest event in the log."""
        return self._model.store_position()

    def leaf(self, number: int) -> LogRow | None:
        """Return the leaf with this number, or `None`."""
        with self._model.reading() as (connection, generation):
            return SqlRowView(connection, generation).numbered(LogRow, [number]).get(number)

    def leaves(self, *, after: int, up_to: int, limit: int) -> Sequence[LogRow]:
        """Return up to `limit` leaves with numbers above `after` and not above `up_to`."""
        with self._model.reading() as (connection, generation):
            table = table_of(LogRow, generation)
            within = (table.c.leaf > after) & (table.c.leaf <= up_to)
            query = select(table).where(within).order_by(table.c.leaf).limit(limit)
            return [LogRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001  public in SQLAlchemy

    def leaves_of(self, dossier_id: UUID, size: int) -> Sequence[LogRow]:
        """Return the leaves of a dossier in the log of this size, oldest first."""
        with self._model.reading() as (connection, generation):
            table = table_of(LogRow, generation)
            is_included = (table.c.dossier_id == dossier_id) & (table.c.leaf < size)
            query = select(table).where(is_included).order_by(table.c.version)
            return [LogRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001  as above

    def fetch(self, nodes: Collection[Node]) -> dict[Node, bytes]:
        """Return the hashes of complete nodes of the log's tree. Raise `MissingLeafError`."""
        numbers = {node.last_leaf for node in nodes}
        with self._model.reading() as (connection, generation):
            rows = SqlRowView(connection, generation).numbered(LogRow, numbers)
        if len(rows) < len(numbers):
            raise MissingLeafError
        return {node: rows[node.last_leaf].node(node.level) for node in nodes}

    def make_heads(self, size: int) -> tuple[int, bytes]:
        """Store the tree of heads of the log of this size. Return the number of heads and the root.

        Read the newest leaf of every dossier, in the order of ids, and write a row for each.
        """
        table = table_of(HeadRow, size)
        with writing(self._engine).begin() as connection:
            table.drop(connection, checkfirst=True)
            table.create(connection)
        tree = Frontier()
        with self._model.reading() as (connection, generation):
            rows = _heads(connection, table_of(LogRow, generation), size, tree)
            while part := list(islice(rows, _ROWS_A_WRITE)):
                with writing(self._engine).begin() as writer:
                    writer.execute(table.insert(), list(map(asdict, part)))
        return tree.size, tree.root()

    def drop_heads(self, keep: Collection[int]) -> None:
        """Drop the tables of heads of all sizes except these."""
        kept = {table_of(HeadRow, size).name for size in keep}
        start = f"{HeadRow.TABLE}_"
        with writing(self._engine).begin() as connection:
            for name in inspect(connection).get_table_names():
                if name.startswith(start) and name not in kept:
                    table_of(HeadRow, int(name.removeprefix(start))).drop(connection)

    def heads_around(self, dossier_id: UUID, size: int) -> list[HeadRow]:
        """Return the head of the dossier. If it has none, return the heads next to its place."""
        with self._reading_heads(size) as connection:
            table = table_of(HeadRow, size)
            upwards = select(table).order_by(table.c.dossier_id)
            downwards = select(table).order_by(table.c.dossier_id.desc())
            after = connection.execute(
                upwards.where(table.c.dossier_id >= dossier_id).limit(1)
            ).first()
            if after is not None and after.dossier_id == dossier_id:
                heads = [after]
            else:
                before = connection.execute(
                    downwards.where(table.c.dossier_id < dossier_id).limit(1)
                ).first()
                heads = [row for row in (before, after) if row is not None]
        return [HeadRow(**row._mapping) for row in heads]  # noqa: SLF001  as above

    def fetch_heads(self, size: int, nodes: Collection[Node]) -> dict[Node, bytes]:
        """Return the hashes of complete nodes of the tree of heads of this size."""
        numbers = {node.last_leaf for node in nodes}
        with self._reading_heads(size) as connection:
            rows = SqlRowView(connection, size).numbered(HeadRow, numbers)
        return {node: rows[node.last_leaf].node(node.level) for node in nodes}

    def _reading_heads(self, size: int) -> Connection:
        connection = self._engine.connect()
        if not inspect(connection).has_table(table_of(HeadRow, size).name):
            connection.close()
            message = "The heads of this checkpoint are no longer stored. Use the next checkpoint."
            raise NoCheckpointError(message)
        return connection


def _heads(connection: Connection, log: Table, size: int, tree: Frontier) -> Iterator[HeadRow]:
    newest = func.max(log.c.version).label("newest")
    top = select(log.c.dossier_id, newest).where(log.c.leaf < size).group_by(log.c.dossier_id)
    heads = top.subquery()
    is_head = (log.c.dossier_id == heads.c.dossier_id) & (log.c.version == heads.c.newest)
    query = (
        select(log.c.dossier_id, log.c.version, log.c.leaf, log.c.chain)
        .join(heads, is_head)
        .order_by(log.c.dossier_id)
    )
    streaming = connection.execution_options(yield_per=_ROWS_A_WRITE)
    for row in streaming.execute(query):
        hashed = head_hash(row.dossier_id, row.version, row.leaf, row.chain)
        yield HeadRow(
            dossier_id=row.dossier_id,
            number=tree.size,
            version=row.version,
            leaf=row.leaf,
            chain=row.chain,
            nodes=b"".join(tree.append(hashed)),
        )
