"""Connections to a database, opened so that SQLite behaves as a database server would."""

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
_EACH_BY_ITSELF = "AUTOCOMMIT"
_PRIMARY_CODE = 0xFF
PLAN_EACH_TIME = "-c plan_cache_mode=force_custom_plan"
"""What PostgreSQL is told on every connection: make no plan to keep.

A plan made while tables are new and empty reads them from end to end, and is kept while they grow,
until somebody counts them: after 40,000 dossiers it took nine times as long as all the rest.
"""

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


def open_engine(url: str, *, derived: bool = False) -> Engine:
    """Open `sqlite:///FILE` or `postgresql://…`; nothing connects before it is used.

    What is `derived` can be made again: when the power fails SQLite may lose its last transactions,
    each of them as a whole, and is spared a flush to disk for each.
    A database that does not answer raises `DatabaseUnavailableError`, whatever is asked of it.
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
        if options.get("isolation_level") == _EACH_BY_ITSELF:
            return
        # A transaction that reads before it writes must hold the write lock from its start.
        writes = options.get(_WRITES, False)
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


class KeptConnection:
    """One connection kept open for short reads, each statement seeing what is committed.

    From the pool each of them would cost three round trips more: is it alive, begin, end.
    """

    def __init__(self, engine: Engine) -> None:
        """Connect to this database when it is first needed."""
        self._engine = engine.execution_options(isolation_level=_EACH_BY_ITSELF)
        self._lock = Lock()
        self._kept: Connection | None = None

    def read(self, ask: Callable[[Connection], T]) -> T:
        """Return what `ask` reads; one reader at a time.

        Where the connection has died since it was used last, it asks again on a new one.
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
        """Let the connection go."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            with suppress(SQLAlchemyError, StoreUnavailableError):
                kept.close()


def writing(engine: Engine) -> Engine:
    """Return the engine as it is used for transactions that write."""
    return engine.execution_options(**{_WRITES: True})


def snapshots(engine: Engine) -> Engine:
    """Return the engine for transactions that see one moment, whatever is committed meanwhile."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # SQLite's transactions always do
