"""What an export is written to: a file, or what is sent while it is written."""

from typing import Protocol


class Sink(Protocol):
    """Takes bytes, one after the other."""

    def write(self, data: bytes, /) -> int:
        """Take these."""
