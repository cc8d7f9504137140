"""Chooses how the rows of read models are read and written, by the database."""

from sqlalchemy import Connection

from tracker.adapters.sql.read_models.postgres_view import PostgresView
from tracker.adapters.sql.read_models.sqlite_view import SqliteView


def view_on(connection: Connection, generation: int) -> PostgresView | SqliteView:
    """Give the rows of one generation as this database reads and writes them best."""
    kind = PostgresView if connection.dialect.name == "postgresql" else SqliteView
    return kind(connection, generation)
