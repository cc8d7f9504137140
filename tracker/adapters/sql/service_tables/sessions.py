"""The open sessions of the desk, for all API nodes."""

import hashlib
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import SESSIONS


class SqlSessions:
    """Stores a digest of each open session, so a copy of the table gives no access.

    A session that is not stored has ended. After a backup is restored, all users sign in again.
    """

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def begin(self, secret: str, key_id: str, at: datetime, ends_at: datetime) -> None:
        """Store a new session, and delete expired sessions."""
        with writing(self._engine).begin() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.ends_at <= at))
            connection.execute(
                insert(SESSIONS).values(digest=_digest(secret), key_id=key_id, ends_at=ends_at)
            )

    def is_open(self, secret: str, key_id: str) -> bool:
        """Return whether this session of this key is open."""
        query = select(SESSIONS.c.digest).where(
            SESSIONS.c.digest == _digest(secret), SESSIONS.c.key_id == key_id
        )
        with self._engine.begin() as connection:
            return connection.execute(query).first() is not None

    def end(self, secret: str) -> None:
        """End this session on all nodes. Do nothing if it has ended."""
        with writing(self._engine).begin() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == _digest(secret)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
