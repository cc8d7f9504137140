"""Check that the files of an installation are private, undamaged and not in use."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import make_url

from tracker.adapters.files.private import InUseError, holding, make_private
from tracker.adapters.sql.sqlite_check import DamagedDatabaseError, Finding, check_database
from tracker.domain.errors import CannotStartError
from tracker.settings import Settings

_SUFFIXES = ("", "-wal", "-shm")
_RUNBOOK = "ops/README.md"

_log = structlog.get_logger("tracker.start")


def check_files(settings: Settings, *, within_s: float) -> None:
    """Make the installation's files private, and check its SQLite databases for damage.

    Each check of a database takes at most `within_s` seconds; 0 skips it.
    """
    fresh = not settings.data_dir.exists()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_private(settings, fresh=fresh)
    events, views = _file_of(settings.events_url()), _file_of(settings.read_models_url())
    for path in filter(None, dict.fromkeys([events, views])):
        _check_directory(path)
        if within_s:
            _check_database(path, within_s=within_s, derived=path != events)


def _make_private(settings: Settings, *, fresh: bool) -> None:
    databases = [
        path.with_name(path.name + suffix) for path in _databases(settings) for suffix in _SUFFIXES
    ]
    ours = [settings.master_key_path(), settings.data_dir / "events.db"]
    directory = [settings.data_dir] if fresh or any(path.exists() for path in ours) else []
    keys = [settings.master_key_path(), settings.log_key_path()]
    for path in make_private([*directory, *keys, *databases]):
        _log.warning("others may read this file, and its mode cannot be changed", file=str(path))


def _check_directory(path: Path) -> None:
    if not path.parent.is_dir():
        message = (
            f"The directory of the database {path} does not exist. Make it, or correct the URL."
        )
        raise CannotStartError(message)


def _check_database(path: Path, *, within_s: float, derived: bool) -> None:
    try:
        finding = check_database(path, within_s=within_s)
    except DamagedDatabaseError as error:
        remedy = (
            f"Stop all programs and delete {path.name}, {path.name}-wal and {path.name}-shm:"
            " the read models are built again from the events"
            if derived
            else "Put back a backup"
        )
        message = (
            f"The database {path} is damaged: {error}. {remedy}; see 'A damaged database' in"
            f" {_RUNBOOK}."
        )
        raise CannotStartError(message) from error
    if finding is Finding.UNFINISHED:
        _log.warning("the check of the database was not finished", file=str(path), after_s=within_s)


def _file_of(url: str) -> Path | None:
    """Return the absolute path of the SQLite file of this URL; `None` for other databases."""
    name = make_url(url).database if url.startswith("sqlite") else None
    return Path(name).resolve() if name and name != ":memory:" else None


def _databases(settings: Settings) -> list[Path]:
    files = [_file_of(url) for url in (settings.events_url(), settings.read_models_url())]
    return list(filter(None, dict.fromkeys(files)))


@contextmanager
def only_process(settings: Settings, names: Collection[str]) -> Iterator[None]:
    """Hold the locks of these names on every SQLite database, and on the data directory.

    On PostgreSQL several processes may do the same work, so nothing is locked.
    """
    files = _databases(settings)
    if files:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.append(settings.data_dir.resolve() / "tracker")
    for path in files:
        _check_directory(path)
    try:
        with holding(
            [path.with_name(f"{path.name}.{name}.lock") for path in files for name in names]
        ):
            yield
    except InUseError as error:
        process = f" (process {error.process})" if error.process else ""
        message = (
            f"Another tracker{process} works on {error.path.parent} and holds {error.path.name}."
            " Stop it first, or set another TRACKER_DATA_DIR."
        )
        raise CannotStartError(message) from error
