"""Connections to a database, opened so that SQLite behaves as a database server would."""

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import InterfaceError, OperationalError

from tracker.adapters.sql.binary_arrays import send_binary_arrays
from tracker.application.tracker import StoreUnavailableError

_LOCK_TIMEOUT_S = 30
_WRITES = "tracker_writes"
_PRIMARY_CODE = 0xFF
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
"""What SQLite says when it is not our statement that is wrong."""


class DatabaseUnavailableError(StoreUnavailableError):
    """The database does not answer. Try it again."""


def open_engine(url: str) -> Engine:
    """Open `sqlite:///FILE` or `postgresql://…`; nothing connects before it is used.

    A database that does not answer raises `DatabaseUnavailableError`, whatever is asked of it.
    """
    engine = _postgres(url) if url.startswith("postgresql://") else _sqlite(url)
    event.listen(engine, "handle_error", _translate)
    return engine


def _postgres(url: str) -> Engine:
    send_binary_arrays()
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(
        driver, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True
    )


def _sqlite(url: str) -> Engine:
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


def _translate(context: ExceptionContext) -> StoreUnavailableError | None:
    if context.is_pre_ping or not isinstance(
        context.sqlalchemy_exception, OperationalError | InterfaceError
    ):
        return None
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    is_passing = code is None or code & _PRIMARY_CODE in _PASSING
    return DatabaseUnavailableError() if is_passing else None


def writing(engine: Engine) -> Engine:
    """Give the engine as it is used for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def snapshots(engine: Engine) -> Engine:
    """Give the engine for transactions that see one moment, whatever is committed meanwhile."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # SQLite's transactions always do
