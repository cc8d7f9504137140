"""Check that the master key belongs to the store, which holds a value derived from it."""

import base64
import os
from contextlib import suppress
from hmac import compare_digest
from uuid import UUID

import structlog
from sqlalchemy import Engine, inspect, text

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.service_tables.installation_facts import SqlFacts
from tracker.adapters.sql.service_tables.service_tables import create_service_tables
from tracker.adapters.vault.aes import AesVault, secret_for
from tracker.application.ports import SealBrokenError
from tracker.domain.errors import CannotStartError
from tracker.settings import MasterKeyError, NoMasterKeyError, Settings

_KEY_CHECK = "master key check"
_SAMPLED_KEYS = 32
_RUNBOOK = "ops/README.md"

_log = structlog.get_logger("tracker.start")


def open_registry(settings: Settings, *, makes_key: bool) -> Engine:
    """Open the service tables, and check the master key against them.

    If there is no key and the store is empty, make one if `makes_key` is true.
    """
    engine = open_engine(settings.events_url())
    try:
        create_service_tables(engine)
        _check_master_key(settings, engine, makes_key=makes_key)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _check_master_key(settings: Settings, engine: Engine, *, makes_key: bool) -> None:
    facts = SqlFacts(engine)
    known = facts.get(_KEY_CHECK)
    try:
        key = _configured_key(settings)
    except NoMasterKeyError as error:
        if known or not makes_key or _has_rows(engine):
            message = (
                f"The master key of this store is missing: {settings.master_key_path()} does"
                " not exist. Put back a copy, or set TRACKER_MASTER_KEY."
            )
            raise CannotStartError(message) from error
        key = _make_master_key(settings)
    if known is None:
        _check_sample(engine, key)
        known = facts.agree(_KEY_CHECK, _check_value(key))
    if not compare_digest(known, _check_value(key)):
        raise _wrong_key(settings)


def _configured_key(settings: Settings) -> bytes:
    try:
        key = settings.master_key_bytes()
        other = key
        if settings.master_key:
            with suppress(NoMasterKeyError):
                other = settings.stored_master_key()
    except NoMasterKeyError:
        raise
    except MasterKeyError as error:
        message = f"{error} Put back a copy of the master key, or set TRACKER_MASTER_KEY."
        raise CannotStartError(message) from error
    if key != other:
        message = (
            f"TRACKER_MASTER_KEY and {settings.master_key_path()} are two different keys."
            " Remove the one that does not belong to this store."
        )
        raise CannotStartError(message)
    return key


def _check_value(key: bytes) -> str:
    return secret_for(b"tracker master key check", key).hex()


def _wrong_key(settings: Settings) -> CannotStartError:
    source = "TRACKER_MASTER_KEY" if settings.master_key else str(settings.master_key_path())
    return CannotStartError(
        f"{source} is not the master key of this store. Put back the right key; see"
        f" 'The master key' in {_RUNBOOK}."
    )


def _check_sample(engine: Engine, key: bytes) -> None:
    """Raise `CannotStartError` if the key cannot decrypt most of a sample of dossier keys.

    A store of an earlier version has no check value, and some of its keys may be lost already.
    """
    if not inspect(engine).has_table("dossier_keys"):
        return
    query = text("SELECT dossier_id, wrapped FROM dossier_keys ORDER BY dossier_id LIMIT :limit")
    with engine.begin() as connection:
        rows = connection.execute(query, {"limit": _SAMPLED_KEYS}).all()
    vault, failed = AesVault(key), 0
    for dossier, wrapped in rows:
        try:
            vault.unwrap(UUID(str(dossier)), bytes(wrapped))
        except SealBrokenError:
            failed += 1
    if failed * 2 > len(rows):
        message = (
            f"The master key does not open {failed} of {len(rows)} dossier keys of this store."
            f" Put back the right key; see 'The master key' in {_RUNBOOK}."
        )
        raise CannotStartError(message)
    if failed:
        _log.error("the master key does not open some dossier keys", failed=failed, tried=len(rows))


def _has_rows(engine: Engine) -> bool:
    tables = [name for name in ("stored_events", "dossier_keys") if inspect(engine).has_table(name)]
    with engine.begin() as connection:
        return any(
            connection.scalar(text(f"SELECT 1 FROM {name} LIMIT 1"))  # noqa: S608  our own names
            for name in tables
        )


def _make_master_key(settings: Settings) -> bytes:
    """Make the key file atomically. Return its key, which another process may have made."""
    path = settings.master_key_path()
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    made = base64.b64encode(os.urandom(32)) + b"\n"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):  # another process was first
            os.link(fresh, path)
    finally:
        fresh.unlink()
    return settings.stored_master_key()
