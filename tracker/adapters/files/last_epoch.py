"""The number of the last epoch of the store, in a file of the data directory."""

import os
from pathlib import Path

from tracker.domain.errors import TrackerError


class BadEpochFileError(TrackerError):
    """The file store.epoch holds no number. Write the number of the last epoch into it."""


class LastEpochFile:
    """Outlives a database that is put back: two restores then never begin the same epoch."""

    def __init__(self, path: Path) -> None:
        """Use this file; the first restore makes it."""
        self._path = path

    def read(self) -> int:
        """Return the number, 0 where there is none. Raise `BadEpochFileError`."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return 0
        if not text.isdecimal():
            raise BadEpochFileError
        return int(text)

    def write(self, number: int) -> None:
        """Store the number, on the disk."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
