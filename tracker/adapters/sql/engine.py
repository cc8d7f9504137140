"""Connections to a database, opened so that SQLite behaves as a database server would."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

_LOCK_TIMEOUT_S = 30
_WRITES = "tracker_writes"


def open_engine(url: str) -> Engine:
    """Open `sqlite:///FILE` or `postgresql://…`; nothing connects before it is used."""
    if url.startswith("postgresql://"):
        driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
        return create_engine(
            driver, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True
        )
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _LOCK_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads before it writes must hold the write lock from its start.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def writing(engine: Engine) -> Engine:
    """Give the engine as it is used for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def snapshots(engine: Engine) -> Engine:
    """Give the engine for transactions that see one moment, whatever is committed meanwhile."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # SQLite's transactions always do
