"""Read a CSV file record by record in constant memory. A broken line affects only itself."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from tracker.domain.errors import InvalidInputError

_LONGEST_LINE = 100_000
_MOST_LINES = 200
"""A record with more lines than this has an unclosed quote."""


class LogFileError(InvalidInputError):
    """The file is not a log that fits the mapping."""


@dataclass(frozen=True)
class Record:
    """A record with the number of its first line; `fault` says why it cannot be read.

    If the record cannot be split, its only cell is the text of its first line.
    """

    line: int
    cells: list[str]
    fault: str = ""


def read_records(file: TextIO, delimiter: str) -> Iterator[Record]:
    """Yield the heading and then every record, readable or not. Skip blank lines.

    The file must be open with `newline=""` and `errors="surrogateescape"`.
    """
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = 0
    while True:
        lines.begin()
        try:
            cells, fault = next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            cells, fault = [], f"this is not CSV: {error}"
        if not cells and not fault:
            continue
        fault = fault or lines.fault or _fault(cells, width)
        if fault and (len(lines.consumed) > 1 or not cells):
            cells = [lines.keep_first_line().rstrip("\r\n")]
        width = width or len(cells)
        yield Record(lines.number, cells, fault)


class _Lines:
    """The lines for the `csv` reader. Lines inside a broken record are read again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._put_back: deque[str] = deque()
        self.number = 1
        self.consumed: list[str] = []
        self.fault = ""

    def begin(self) -> None:
        """Start the next record."""
        self.number += len(self.consumed)
        self.consumed = []
        self.fault = ""

    def keep_first_line(self) -> str:
        """Put back all lines of this record except the first. Return the first."""
        self._put_back.extendleft(reversed(self.consumed[1:]))
        del self.consumed[1:]
        return self.consumed[0]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.consumed) == _MOST_LINES:
            raise StopIteration
        line = self._put_back.popleft() if self._put_back else self._read()
        if not line:
            raise StopIteration
        if len(line) == _LONGEST_LINE:
            self.fault = f"the line has {_LONGEST_LINE} characters or more"
        self.consumed.append(line)
        return line

    def _read(self) -> str:
        line = part = self._file.readline(_LONGEST_LINE)
        while len(part) == _LONGEST_LINE and not part.endswith(("\r", "\n")):
            part = self._file.readline(_LONGEST_LINE)
        return line


def _fault(cells: list[str], width: int) -> str:
    if width and len(cells) != width:
        return f"{len(cells)} cells where the heading has {width}"
    text = "".join(cells)
    if "\0" in text:
        return "it contains a NUL byte"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "it contains bytes that are not text in this encoding"
    return ""
