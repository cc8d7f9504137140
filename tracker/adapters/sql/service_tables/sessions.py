"""The sessions of the desk that have not ended; every API node asks here."""

import hashlib
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import SESSIONS


class SqlSessions:
    """Keeps a digest of each open session, so that a copy of the table opens nothing.

    A session that is not here has ended. After a restored backup everybody signs in again.
    """

    def __init__(self, engine: Engine) -> None:
        """Keep them in this database."""
        self._engine = engine

    def begin(self, secret: str, key_id: str, at: datetime, ends_at: datetime) -> None:
        """Store a new session, and forget those whose time is over."""
        with writing(self._engine).begin() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.ends_at <= at))
            connection.execute(
                insert(SESSIONS).values(digest=_digest(secret), key_id=key_id, ends_at=ends_at)
            )

    def is_open(self, secret: str, key_id: str) -> bool:
        """Return whether this session of this key has begun and not ended."""
        query = select(SESSIONS.c.digest).where(
            SESSIONS.c.digest == _digest(secret), SESSIONS.c.key_id == key_id
        )
        with self._engine.begin() as connection:
            return connection.execute(query).first() is not None

    def end(self, secret: str) -> None:
        """End this session on every node; one that has ended stays so."""
        with writing(self._engine).begin() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == _digest(secret)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
