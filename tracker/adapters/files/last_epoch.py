"""The number of the last epoch of the store, in a file of the data directory."""

import os
from pathlib import Path

from tracker.domain.errors import TrackerError


class BadEpochFileError(TrackerError):
    """The file store.epoch holds no number. Write the number of the last epoch into it."""


class LastEpochFile:
    """Keeps the epoch outside the database, so that two restores never begin the same epoch."""

    def __init__(self, path: Path) -> None:
        """Use this file, which the first restore creates."""
        self._path = path

    def read(self) -> int:
        """Return the number, or 0 without a file. Raise `BadEpochFileError`."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return 0
        if not text.isdecimal():
            raise BadEpochFileError
        return int(text)

    def write(self, number: int) -> None:
        """Store the number and flush it to disk."""
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
