"""A file of signed checkpoints, with an empty line between, that is only appended to."""

import os
from pathlib import Path

from tracker.application.audit.checkpoints import SilentPublisherError
from tracker.domain.transparency_log.notes import Note

_TAIL_BYTES = 64 * 1024


class CheckpointFile:
    """Keeps notes in a file, which belongs on a disk that the database's administrator lacks."""

    name = "the file of checkpoints"

    def __init__(self, path: Path) -> None:
        """Append to this file; it is made when the first note comes."""
        self._path = path

    def last(self) -> Note | None:
        """Return the newest that is there. Raise `SilentPublisherError`."""
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
        """Put this one in the place of all that is there, at once or not at all."""
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def publish(self, note: str) -> None:
        """Put one more there, and on the disk. Raise `SilentPublisherError`."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(("\n" if file.tell() else "") + note)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SilentPublisherError(str(error)) from error
