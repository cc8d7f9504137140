"""Read tables in CSV files and report every fault with its file and line.

A fault is noted, not raised, so that one run finds all faults. A faulty cell gives a default value,
and its row builds no object.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from tracker.domain.errors import InvalidInputError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}")
_ID = re.compile(r"[A-Z0-9]+(?:[.-][A-Z0-9]+)*")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})  # controls, formats, line and paragraph breaks

Made = TypeVar("Made")
Word = TypeVar("Word", bound=StrEnum)


class DataFilesError(InvalidInputError):
    """The data files have faults; `problems` names each with its file and line."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep the problems; the message has a line for each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Problems:
    """The list of noted faults."""

    def __init__(self) -> None:
        """Start without faults."""
        self._notes: list[tuple[str, int, str]] = []

    def note(self, file: str, line: int, fault: str) -> None:
        """Add a fault; line 0 means the whole file."""
        self._notes.append((file, line, fault))

    def raise_if_any(self) -> None:
        """Raise one `DataFilesError` with all noted faults, by file and line."""
        if self._notes:
            notes = dict.fromkeys(sorted(self._notes))
            places = (f"{file}:{line}" if line else file for file, line, _ in notes)
            faults = (fault for _, _, fault in notes)
            raise DataFilesError(
                [f"{place}: {fault}" for place, fault in zip(places, faults, strict=True)],
            )


class Row:
    """One line of a table. Reading a cell notes its faults."""

    def __init__(self, file: str, line: int, cells: Mapping[str, str], problems: Problems) -> None:
        """Keep the cells by column, without surrounding blanks."""
        self.line = line
        self.cells = cells
        self.faulty = False
        self._file = file
        self._problems = problems

    def fault(self, text: str) -> None:
        """Note a fault of this row, which then builds no object."""
        self.faulty = True
        self._problems.note(self._file, self.line, text)

    def text(self, column: str) -> str:
        """Return the cell. An empty cell is a fault."""
        cell = self.cells[column]
        if not cell:
            self.fault(f"{column} is empty")
        return cell

    def text_or_none(self, column: str) -> str | None:
        """Return the cell, or `None` if it is empty."""
        return self.cells[column] or None

    def id(self, column: str) -> str:
        """Return an id of capital ASCII letters, digits, dots and hyphens."""
        cell = self.text(column)
        if cell and not _ID.fullmatch(cell):
            self.fault(f"{column} {cell!r} is not an id of A-Z, 0-9, '.' and '-'")
        return cell

    def word(self, column: str, words: type[Word]) -> Word:
        """Return one of the given words."""
        cell = self.text(column)
        try:
            return words(cell)
        except ValueError:
            if cell:
                self.fault(f"{column} {cell!r} is none of {', '.join(words)}")
            return next(iter(words))

    def yes(self, column: str) -> bool:
        """Return whether the cell is `yes`; it must be `yes` or `no`."""
        cell = self.text(column)
        if cell and cell not in {"yes", "no"}:
            self.fault(f"{column} {cell!r} is neither yes nor no")
        return cell == "yes"

    def number(self, column: str) -> int:
        """Return a whole number, 0 or more."""
        cell = self.text(column)
        if _NUMBER.fullmatch(cell):
            return int(cell)
        if cell:
            self.fault(f"{column} {cell!r} is not a whole number")
        return 0

    def day(self, column: str) -> date:
        """Return a date written as 2025-12-31."""
        cell = self.text(column)
        try:
            if _DAY.fullmatch(cell):
                return date.fromisoformat(cell)
        except ValueError:
            pass
        if cell:
            self.fault(f"{column} {cell!r} is not a date like 2025-12-31")
        return date.min

    def day_or_none(self, column: str) -> date | None:
        """Return a date, or `None` if the cell is empty."""
        return self.day(column) if self.cells[column] else None

    def span(self, first: str, last: str) -> tuple[date, date | None]:
        """Return the first day and the last day or `None`. The last must not be earlier."""
        begins, ends = self.day(first), self.day_or_none(last)
        if ends is not None and ends < begins and not self.faulty:
            self.fault(f"{last} {ends} lies before {first} {begins}")
        return begins, ends

    def clock(self, column: str) -> time:
        """Return a time of day written as 07:30."""
        return self.clock_of(column, self.text(column))

    def clock_of(self, column: str, text: str) -> time:
        """Return the time of day in `text`, a part of the cell."""
        try:
            if _TIME.fullmatch(text):
                return time.fromisoformat(text)
        except ValueError:
            pass
        if text or self.cells[column]:
            self.fault(f"{column} {text!r} is not a time like 07:30")
        return time.min

    def build(self, make: Callable[["Row"], Made]) -> Made | None:
        """Return the object that `make` makes of this row, or `None` and note the faults."""
        try:
            made = make(self)
        except InvalidInputError as refused:
            if not self.faulty:
                self.fault(str(refused))
            return None
        return None if self.faulty else made


@dataclass(frozen=True)
class Table:
    """The rows of a file; `complete` is false if a part could not be read."""

    file: str
    rows: tuple[Row, ...]
    complete: bool
    digest: bytes

    def built(self, make: Callable[[Row], Made]) -> list[tuple[Row, Made]]:
        """Return the valid rows, each with the object that `make` makes of it."""
        pairs = ((row, row.build(make)) for row in self.rows)
        return [(row, made) for row, made in pairs if made is not None]

    def knows(self, **cells: str) -> bool:
        """Return whether a row, valid or not, has these cells; true if the table is incomplete.

        So one fault is not reported again by every row that refers to it.
        """
        return not self.complete or any(
            all(row.cells[column] == value for column, value in cells.items()) for row in self.rows
        )

    def refuse_repeats(self, *columns: str) -> None:
        """Note a fault for every row with the same cells in `columns` as an earlier row."""
        first_seen: dict[tuple[str, ...], int] = {}
        for row in self.rows:
            key = tuple(row.cells[column] for column in columns)
            line = first_seen.setdefault(key, row.line)
            if line != row.line:
                row.fault(f"{' '.join(columns)} {' '.join(key)} is already on line {line}")


def read_table(path: Path, columns: Sequence[str], problems: Problems) -> Table:
    """Return the table in a UTF-8 CSV file with exactly these columns, in any order."""
    file = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.note(file, 0, f"the file cannot be read: {error.strerror}")
        return Table(file, (), complete=False, digest=b"")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.note(file, line, "the text is not UTF-8")
        return Table(file, (), complete=False, digest=b"")
    digest = sha256(text.replace("\r\n", "\n").encode()).digest()
    records, broken = _records(file, text, problems)
    heading = records[0][1] if records else []
    if not _heading_is_right(file, heading, columns, problems):
        return Table(file, (), complete=False, digest=digest)
    rows = _rows(file, heading, records[1:], problems)
    complete = not broken and len(rows) == len(records) - 1
    return Table(file, rows, complete=complete, digest=digest)


def version_of(tables: Iterable[Table]) -> str:
    """Return a short digest that changes if a file of these tables changes."""
    return sha256(b"".join(table.digest for table in tables)).hexdigest()[:16]


def _records(file: str, text: str, problems: Problems) -> tuple[list[tuple[int, list[str]]], bool]:
    """Return the records, each with its first line, and whether reading stopped at a fault."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records = []
    line = 1
    try:
        for record in reader:
            if record:
                records.append((line, record))
            line = reader.line_num + 1
    except csv.Error as error:
        problems.note(file, line, f"this is not CSV: {error}")
        return records, True
    return records, False


def _heading_is_right(
    file: str,
    heading: Sequence[str],
    columns: Sequence[str],
    problems: Problems,
) -> bool:
    faults = [f"column {name} is missing" for name in columns if name not in heading]
    faults += [f"column {name!r} is unknown" for name in heading if name not in columns]
    faults += [f"column {name} exists twice" for name in columns if heading.count(name) > 1]
    for fault in faults:
        problems.note(file, 1, fault)
    return not faults


def _rows(
    file: str,
    heading: Sequence[str],
    records: Iterable[tuple[int, list[str]]],
    problems: Problems,
) -> tuple[Row, ...]:
    rows = []
    for line, record in records:
        if len(record) != len(heading):
            problems.note(file, line, f"{len(record)} cells where the heading has {len(heading)}")
            continue
        cells = dict(zip(heading, (cell.strip() for cell in record), strict=True))
        row = Row(file, line, cells, problems)
        for column, cell in cells.items():
            if not unicodedata.is_normalized("NFC", cell):
                row.fault(f"{column} is not in Unicode form NFC")
            if any(unicodedata.category(character) in _INVISIBLE for character in cell):
                row.fault(f"{column} contains an invisible character")
        rows.append(row)
    return tuple(rows)
