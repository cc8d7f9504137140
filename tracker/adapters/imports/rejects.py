"""The reject file: the rows that were not imported, with line and reason, to be put right.

After the two columns `line` and `reason` it has the log's own, in the log's encoding and with its
delimiter, so that it can be imported by the same mapping once its rows are put right.
"""

import csv
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from tracker.adapters.imports.log_lines import Record
from tracker.adapters.imports.mapping import FileForm


class RejectFile:
    """Written only when there is something to write; an older one of this name then goes."""

    def __init__(self, path: Path, form: FileForm) -> None:
        """Write to this path, in the form of the log."""
        self._path = path
        self._encoding = form.encoding
        self._delimiter = form.delimiter
        self._heading: list[str] = []
        self._file: TextIO | None = None
        # By identity: an XES log may have many events on a line.
        self._waiting: dict[int, tuple[Record, list[str]]] = {}
        self.count = 0

    def begin(self, heading: list[str]) -> None:
        """Take the log's heading, and remove what an earlier import left at this path."""
        self._heading = heading
        self._path.unlink(missing_ok=True)

    def add(self, record: Record, reason: str) -> None:
        """Note a row; one noted more than once before `flush` is written once, with all reasons."""
        _, reasons = self._waiting.setdefault(id(record), (record, []))
        if reason not in reasons:
            reasons.append(reason)

    @property
    def waiting(self) -> int:
        """Return how many rows are noted and not yet written."""
        return len(self._waiting)

    def flush(self) -> None:
        """Write what was noted, by line."""
        for record, reasons in sorted(self._waiting.values(), key=lambda one: one[0].line):
            self._write([str(record.line), "; ".join(reasons)], record.cells)
        self.count += len(self._waiting)
        self._waiting.clear()
        if self._file:
            self._file.flush()

    def written(self) -> Path | None:
        """Return the file's path, if there is one."""
        return self._path if self._file else None

    def _write(self, ours: list[str], cells: list[str]) -> None:
        if self._file is None:
            self._file = self._path.open(
                "w", encoding=self._encoding, errors="surrogateescape", newline=""
            )
            self._write(["line", "reason"], self._heading)
        plain = [
            text.encode(self._encoding, "backslashreplace").decode(self._encoding) for text in ours
        ]
        csv.writer(self._file, delimiter=self._delimiter).writerow([*plain, *cells])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.flush()
        finally:
            if self._file:
                self._file.close()
