"""Brings a PostgreSQL database to the tables this program needs. SQLite makes its own."""

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tracker.domain.errors import TrackerError

_HERE = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 7_421_001
"""The number of the lock that keeps two migrations apart."""


class Branch(StrEnum):
    """What is migrated on its own: events are for ever, read models may be dropped and rebuilt."""

    EVENTS = "events"
    READ_MODELS = "read_models"


class NotMigratedError(TrackerError):
    """The database lacks tables of this version. Run `tracker migrate` first."""


def migrate(engine: Engine, branch: Branch) -> None:
    """Make every table of this branch that is missing; two migrations wait for each other."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ONE_AT_A_TIME})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, f"{branch.value}@head")


def check_migrated(engine: Engine, branch: Branch) -> None:
    """Raise `NotMigratedError` unless the database is at this branch's newest migration."""
    script = ScriptDirectory.from_config(_config())
    newest = script.get_revision(f"{branch.value}@head")
    with engine.begin() as connection:
        there = MigrationContext.configure(connection).get_current_heads()
    if newest.revision not in there:
        raise NotMigratedError


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    versions = sorted(str(path) for path in (_HERE / "versions").iterdir() if path.is_dir())
    config.set_main_option("version_locations", "\n".join(versions))
    config.set_main_option("path_separator", "newline")
    return config
