"""Chooses the class that reads and writes the rows of read models on a database."""

from sqlalchemy import Connection

from tracker.adapters.sql.read_models.postgres_view import PostgresRowView
from tracker.adapters.sql.read_models.sqlite_view import SqliteRowView


def row_view_on(connection: Connection, generation: int) -> PostgresRowView | SqliteRowView:
    """Return the rows of one generation, in the class for this database."""
    kind = PostgresRowView if connection.dialect.name == "postgresql" else SqliteRowView
    return kind(connection, generation)
