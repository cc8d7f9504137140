"""Make files private, and lock databases so that only one process uses each."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class InUseError(Exception):
    """Another process holds the lock of this file."""

    def __init__(self, path: Path, process: str) -> None:
        """Keep the lock file and the id of the process that holds it."""
        super().__init__(str(path))
        self.path = path
        self.process = process


def make_private(paths: Sequence[Path]) -> list[Path]:
    """Remove all permissions of group and others. Return the paths for which that failed."""
    failed: list[Path] = []
    for path in paths:
        try:
            mode = path.stat().st_mode
            if mode & _OTHERS:
                path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
        except FileNotFoundError:
            continue
        except OSError:
            failed.append(path)
    return failed


@contextmanager
def holding(paths: Sequence[Path]) -> Iterator[None]:
    """Lock these files during the block; the system releases the locks when the process ends.

    Raise `InUseError`.
    """
    with ExitStack() as held:
        for path in dict.fromkeys(paths):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                    raise
                process = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                raise InUseError(path, process) from None
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
