"""Migrates a PostgreSQL database to the tables of this version. SQLite needs no migration."""

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tracker.domain.errors import TrackerError

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_421_001
"""The number of the advisory lock that a migration holds."""


class Branch(StrEnum):
    """The parts of a database that are migrated separately: only read models can be rebuilt."""

    EVENTS = "events"
    READ_MODELS = "read_models"


class NotMigratedError(TrackerError):
    """The database lacks tables of this version. Run `tracker migrate` first."""


def migrate(engine: Engine, branch: Branch) -> None:
    """Run the missing migrations of this branch. Of two processes, one waits for the other."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, f"{branch.value}@head")


def check_migrated(engine: Engine, branch: Branch) -> None:
    """Raise `NotMigratedError` unless the database is at this branch's newest migration."""
    script = ScriptDirectory.from_config(_config())
    newest = script.get_revision(f"{branch.value}@head")
    with engine.begin() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if newest.revision not in heads:
        raise NotMigratedError


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    versions = sorted(str(path) for path in (_MIGRATIONS / "versions").iterdir() if path.is_dir())
    config.set_main_option("version_locations", "\n".join(versions))
    config.set_main_option("path_separator", "newline")
    return config
