"""The target of an export: a file, or a stream that is sent while it is written."""

from typing import Protocol


class Sink(Protocol):
    """A target that accepts bytes."""

    def write(self, data: bytes, /) -> int:
        """Write the bytes. Return their number."""
