"""Connections to a database. SQLite is set up to behave like a database server."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from tracker.adapters.sql.binary_arrays import send_binary_arrays
from tracker.application.commands.handler import StoreUnavailableError

T = TypeVar("T")

_LOCK_TIMEOUT_S = 30
_WRITES = "tracker_writes"
_AUTOCOMMIT = "AUTOCOMMIT"
_PRIMARY_CODE = 0xFF
PLAN_EACH_TIME = "-c plan_cache_mode=force_custom_plan"
"""The option for every connection to PostgreSQL: plan each statement anew.

A plan made for new, empty tables scans them. PostgreSQL keeps it while they grow, until statistics
are collected: after 40,000 dossiers such scans took nine times as long as all other work.
"""

_TEMPORARY_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
"""The error codes of SQLite that do not mean a wrong statement."""


class DatabaseUnavailableError(StoreUnavailableError):
    """The database does not answer. Try it again."""


def open_engine(url: str, *, derived: bool = False) -> Engine:
    """Return an engine for `sqlite:///FILE` or `postgresql://…`. It connects at first use.

    `derived` data can be rebuilt: SQLite then does not flush each commit to disk, and may lose the
    last transactions, each as a whole, when the power fails.
    Every use of the engine raises `DatabaseUnavailableError` if the database does not answer.
    """
    is_server = url.startswith("postgresql://")
    engine = _postgres(url) if is_server else _sqlite(url, "NORMAL" if derived else "FULL")
    event.listen(engine, "handle_error", _translate)
    return engine


def _postgres(url: str) -> Engine:
    send_binary_arrays()
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(
        driver,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        hide_parameters=True,
        connect_args={"options": PLAN_EACH_TIME},
    )


def _sqlite(url: str, synchronous: str) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _LOCK_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == _AUTOCOMMIT:
            return
        # A transaction that reads before it writes must take the write lock at its start.
        writes = options.get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _translate(context: ExceptionContext) -> StoreUnavailableError | None:
    if context.is_pre_ping or not isinstance(
        context.sqlalchemy_exception, OperationalError | InterfaceError
    ):
        return None
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    is_temporary = code is None or code & _PRIMARY_CODE in _TEMPORARY_CODES
    return DatabaseUnavailableError() if is_temporary else None


class KeptConnection:
    """One open connection for short reads. Each statement sees all committed data.

    A connection from the pool would need three more round trips per read: ping, begin, end.
    """

    def __init__(self, engine: Engine) -> None:
        """Connect to this database at the first read."""
        self._engine = engine.execution_options(isolation_level=_AUTOCOMMIT)
        self._lock = Lock()
        self._kept: Connection | None = None

    def read(self, ask: Callable[[Connection], T]) -> T:
        """Return what `ask` reads. Only one reader runs at a time.

        If the connection has died since its last use, call `ask` again on a new one.
        """
        with self._lock:
            if self._kept is not None:
                try:
                    return ask(self._kept)
                except StoreUnavailableError:
                    self._drop()
            self._kept = self._engine.connect()
            try:
                return ask(self._kept)
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(SQLAlchemyError, StoreUnavailableError):
                kept.close()


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def snapshots(engine: Engine) -> Engine:
    """Return the engine for transactions whose statements all see the same moment."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # every transaction of SQLite does
