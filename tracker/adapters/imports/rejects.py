"""The reject file: rows that were not imported, with line and reason, for correction.

After the columns `line` and `reason` it has the columns of the log, in the log's encoding and with
its delimiter. After correction it can be imported with the same mapping.
"""

import csv
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from tracker.adapters.imports.log_lines import Record
from tracker.adapters.imports.mapping import FileForm


class RejectFile:
    """Writes rejected rows. The file exists only if a row was rejected."""

    def __init__(self, path: Path, form: FileForm) -> None:
        """Write to `path`, in the format of the log."""
        self._path = path
        self._encoding = form.encoding
        self._delimiter = form.delimiter
        self._heading: list[str] = []
        self._file: TextIO | None = None
        # Keyed by identity, because an XES log may have several events on a line.
        self._waiting: dict[int, tuple[Record, list[str]]] = {}
        self.count = 0

    def begin(self, heading: list[str]) -> None:
        """Store the log's heading, and delete the reject file of an earlier import."""
        self._heading = heading
        self._path.unlink(missing_ok=True)

    def add(self, record: Record, reason: str) -> None:
        """Add a row. If it is added again before `flush`, it is written once with all reasons."""
        _, reasons = self._waiting.setdefault(id(record), (record, []))
        if reason not in reasons:
            reasons.append(reason)

    @property
    def waiting(self) -> int:
        """Return the number of rows that are not yet written."""
        return len(self._waiting)

    def flush(self) -> None:
        """Write the added rows in order of line."""
        for record, reasons in sorted(self._waiting.values(), key=lambda row: row[0].line):
            self._write([str(record.line), "; ".join(reasons)], record.cells)
        self.count += len(self._waiting)
        self._waiting.clear()
        if self._file:
            self._file.flush()

    def written(self) -> Path | None:
        """Return the path of the file, or `None` if no row was rejected."""
        return self._path if self._file else None

    def _write(self, prefix: list[str], cells: list[str]) -> None:
        if self._file is None:
            self._file = self._path.open(
                "w", encoding=self._encoding, errors="surrogateescape", newline=""
            )
            self._write(["line", "reason"], self._heading)
        plain = [
            text.encode(self._encoding, "backslashreplace").decode(self._encoding)
            for text in prefix
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
