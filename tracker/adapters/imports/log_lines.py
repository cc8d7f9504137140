"""Reads a CSV file record by record in constant memory; a broken line costs only itself."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from tracker.domain.errors import InvalidInputError

_LONGEST_LINE = 100_000
_MOST_LINES = 200
"""A record of more lines than this has a quote that was never closed."""


class LogFileError(InvalidInputError):
    """This file is not a log of the mapping's kind."""


@dataclass(frozen=True)
class Record:
    """One record and the number of its first line; `fault` says why it cannot be read.

    A record at fault that cannot be taken apart has its first line's text as its only cell.
    """

    line: int
    cells: list[str]
    fault: str = ""


def read_records(file: TextIO, delimiter: str) -> Iterator[Record]:
    """Return the heading and then every record, readable or not; blank lines are passed over.

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
        if fault and (len(lines.taken) > 1 or not cells):
            cells = [lines.keep_only_the_first().rstrip("\r\n")]
        width = width or len(cells)
        yield Record(lines.number, cells, fault)


class _Lines:
    """The lines as `csv` asks for them; those a broken record has swallowed are given again."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self.number = 1
        self.taken: list[str] = []
        self.fault = ""

    def begin(self) -> None:
        """Begin the next record."""
        self.number += len(self.taken)
        self.taken = []
        self.fault = ""

    def keep_only_the_first(self) -> str:
        """Put back all lines of this record but the first, which is given."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
        return self.taken[0]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MOST_LINES:
            raise StopIteration
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        if len(line) == _LONGEST_LINE:
            self.fault = f"the line has {_LONGEST_LINE} characters or more"
        self.taken.append(line)
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
        return "there is a NUL byte in it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "there are bytes in it that are no text in this encoding"
    return ""
