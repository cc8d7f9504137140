"""An append-only file of signed checkpoints, separated by empty lines."""

import os
from pathlib import Path

from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.domain.transparency_log.notes import Note

_TAIL_BYTES = 64 * 1024


class CheckpointFile:
    """Stores notes in a file, on a disk that the database administrator cannot write."""

    name = "the file of checkpoints"

    def __init__(self, path: Path) -> None:
        """Append to this file, which the first note creates."""
        self._path = path

    def last(self) -> Note | None:
        """Return the newest note, or `None`. Raise `SilentPublisherError`."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                tail = file.read().decode(errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SilentPublisherError(str(error)) from error
        return Note.parse("\n\n".join(tail.split("\n\n")[-2:])) if tail else None

    def replace(self, note: str) -> None:
        """Replace the whole file by this note, atomically."""
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def publish(self, note: str) -> None:
        """Append a note and flush it to disk. Raise `SilentPublisherError`."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(("\n" if file.tell() else "") + note)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SilentPublisherError(str(error)) from error
