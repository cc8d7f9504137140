"""One transaction that writes a batch of events into a read model."""

from sqlalchemy import Connection

from tracker.adapters.sql.read_models.dialect import row_view_on
from tracker.adapters.sql.read_models.generation import Generation
from tracker.projections.model.feed import Record


class SqlBatch:
    """The rows and the positions of one generation, in one transaction."""

    def __init__(self, connection: Connection, generation: Generation) -> None:
        """Use this connection; the caller commits."""
        self._connection = connection
        self._generation = generation
        self.view = row_view_on(connection, generation.number)

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        """Move the position to `last`. Return `False` if it is not at `after`.

        Call this before writing rows: it locks the position until the commit.
        """
        return self._generation.advance(self._connection, partition, after=after, last=last)
