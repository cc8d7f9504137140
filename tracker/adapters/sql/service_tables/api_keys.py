"""API keys: random, stored as digests, each for one actor, revocable."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, select, update

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import API_KEYS
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.errors import UnknownError

_PREFIX = "trk"


class UnknownKeyError(UnknownError):
    """There is no such key, or it was revoked."""


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: str
    actor: Actor
    made_at: datetime
    revoked_at: datetime | None


class SqlApiKeys:
    """Stores API keys."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def make(self, actor: Actor, at: datetime) -> str:
        """Create a key for this actor and return it. It cannot be read again later."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with writing(self._engine).begin() as connection:
            connection.execute(
                API_KEYS.insert().values(
                    id=key_id,
                    digest=_digest(secret),
                    role=actor.role.value,
                    actor=actor.id,
                    office=actor.office,
                    partner=actor.partner,
                    made_at=at,
                )
            )
        return f"{_PREFIX}_{key_id}_{secret}"

    def actor_of(self, key: str) -> Actor:
        """Return the actor of a key, in constant time. Raise `UnknownKeyError`."""
        prefix, key_id, secret = _split(key)
        row = self._row(key_id)
        expected = row.digest if row else bytes(hashlib.sha256().digest_size)
        fits = hmac.compare_digest(_digest(secret), expected)
        if not (row and fits and prefix == _PREFIX) or row.revoked_at is not None:
            raise UnknownKeyError
        return _actor(row)

    def id_of(self, key: str) -> str:
        """Return the id that is part of a key, whether the key is valid or not."""
        return _split(key)[1]

    def holder_of(self, key_id: str) -> Actor:
        """Return the actor of the key with this id. Raise `UnknownKeyError`, also if revoked."""
        row = self._row(key_id)
        if row is None or row.revoked_at is not None:
            raise UnknownKeyError
        return _actor(row)

    def revoke(self, key_id: str, at: datetime) -> None:
        """Revoke a key at once. Raise `UnknownKeyError`, also if it was revoked before."""
        with writing(self._engine).begin() as connection:
            revoked = connection.execute(
                update(API_KEYS)
                .where(API_KEYS.c.id == key_id, API_KEYS.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )
        if not revoked.rowcount:
            raise UnknownKeyError

    def all(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(API_KEYS).order_by(API_KEYS.c.made_at)).all()
        return [ApiKey(row.id, _actor(row), row.made_at, row.revoked_at) for row in rows]

    def _row(self, key_id: str) -> Row[Any] | None:
        with self._engine.begin() as connection:
            return connection.execute(select(API_KEYS).where(API_KEYS.c.id == key_id)).first()


def _split(key: str) -> tuple[str, str, str]:
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    return prefix, key_id, secret


def _actor(row: Row[Any]) -> Actor:
    return Actor(Role(row.role), row.actor, row.office, row.partner)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
