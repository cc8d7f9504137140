"""Tables in CSV files, read so that every fault can be told by file and line.

A fault is noted, not raised, so that one reading finds them all. A cell at fault gives a
stand-in value, and its row builds nothing.
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
    """The faults noted so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: list[tuple[str, int, str]] = []

    def note(self, file: str, line: int, fault: str) -> None:
        """Add a fault; line 0 stands for the file as a whole."""
        self._found.append((file, line, fault))

    def raise_if_any(self) -> None:
        """Raise all that was noted, by file and line, as one DataFilesError."""
        if self._found:
            found = dict.fromkeys(sorted(self._found))
            places = (f"{file}:{line}" if line else file for file, line, _ in found)
            faults = (fault for _, _, fault in found)
            raise DataFilesError(
                [f"{place}: {fault}" for place, fault in zip(places, faults, strict=True)],
            )


class Row:
    """One line of a table; reading a cell notes what is wrong with it."""

    def __init__(self, file: str, line: int, cells: Mapping[str, str], problems: Problems) -> None:
        """Hold the cells, stripped of blanks, by column."""
        self.line = line
        self.cells = cells
        self.faulty = False
        self._file = file
        self._problems = problems

    def fault(self, text: str) -> None:
        """Note a fault of this row, which then builds nothing."""
        self.faulty = True
        self._problems.note(self._file, self.line, text)

    def text(self, column: str) -> str:
        """Return the cell, which may not be empty."""
        found = self.cells[column]
        if not found:
            self.fault(f"{column} is empty")
        return found

    def text_or_none(self, column: str) -> str | None:
        """Return the cell, None if empty."""
        return self.cells[column] or None

    def id(self, column: str) -> str:
        """Return an id of capital ASCII letters, digits, dots and hyphens."""
        found = self.text(column)
        if found and not _ID.fullmatch(found):
            self.fault(f"{column} {found!r} is not an id of A-Z, 0-9, '.' and '-'")
        return found

    def word(self, column: str, words: type[Word]) -> Word:
        """Return one of the given words."""
        found = self.text(column)
        try:
            return words(found)
        except ValueError:
            if found:
                self.fault(f"{column} {found!r} is none of {', '.join(words)}")
            return next(iter(words))

    def yes(self, column: str) -> bool:
        """Return whether the cell says yes; it may say yes or no."""
        found = self.text(column)
        if found and found not in {"yes", "no"}:
            self.fault(f"{column} {found!r} is neither yes nor no")
        return found == "yes"

    def number(self, column: str) -> int:
        """Return a whole number from 0 up."""
        found = self.text(column)
        if _NUMBER.fullmatch(found):
            return int(found)
        if found:
            self.fault(f"{column} {found!r} is not a whole number")
        return 0

    def day(self, column: str) -> date:
        """Return a date written as 2025-12-31."""
        found = self.text(column)
        try:
            if _DAY.fullmatch(found):
                return date.fromisoformat(found)
        except ValueError:
            pass
        if found:
            self.fault(f"{column} {found!r} is not a date like 2025-12-31")
        return date.min

    def day_or_none(self, column: str) -> date | None:
        """Return a date, None if the cell is empty."""
        return self.day(column) if self.cells[column] else None

    def span(self, first: str, last: str) -> tuple[date, date | None]:
        """Return a first day and a last one or None, in that order of time."""
        begins, ends = self.day(first), self.day_or_none(last)
        if ends is not None and ends < begins and not self.faulty:
            self.fault(f"{last} {ends} lies before {first} {begins}")
        return begins, ends

    def clock(self, column: str) -> time:
        """Return a time of day written as 07:30."""
        return self.clock_of(column, self.text(column))

    def clock_of(self, column: str, found: str) -> time:
        """Return the time of day in `found`, a part of the cell."""
        try:
            if _TIME.fullmatch(found):
                return time.fromisoformat(found)
        except ValueError:
            pass
        if found or self.cells[column]:
            self.fault(f"{column} {found!r} is not a time like 07:30")
        return time.min

    def build(self, make: Callable[["Row"], Made]) -> Made | None:
        """Return what `make` makes of this row, or None once the row's faults are noted."""
        try:
            made = make(self)
        except InvalidInputError as refused:
            if not self.faulty:
                self.fault(str(refused))
            return None
        return None if self.faulty else made


@dataclass(frozen=True)
class Table:
    """The rows of a file; `complete` is false if some of it could not be read."""

    file: str
    rows: tuple[Row, ...]
    complete: bool
    digest: bytes

    def built(self, make: Callable[[Row], Made]) -> list[tuple[Row, Made]]:
        """Return the sound rows, each with what `make` makes of it."""
        pairs = ((row, row.build(make)) for row in self.rows)
        return [(row, made) for row, made in pairs if made is not None]

    def knows(self, **cells: str) -> bool:
        """Return whether some row, sound or not, has these cells; true if the table is incomplete.

        So one fault is not told again by every row that refers to it.
        """
        return not self.complete or any(
            all(row.cells[column] == value for column, value in cells.items()) for row in self.rows
        )

    def refuse_repeats(self, *columns: str) -> None:
        """Note every row that has the same cells in `columns` as an earlier one."""
        first_seen: dict[tuple[str, ...], int] = {}
        for row in self.rows:
            key = tuple(row.cells[column] for column in columns)
            line = first_seen.setdefault(key, row.line)
            if line != row.line:
                row.fault(f"{' '.join(columns)} {' '.join(key)} is already on line {line}")


def read_table(path: Path, columns: Sequence[str], problems: Problems) -> Table:
    """Read a UTF-8 CSV file that has exactly these columns, in any order; note its faults."""
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
    """Return a short digest that changes with any of the tables' files."""
    return sha256(b"".join(table.digest for table in tables)).hexdigest()[:16]


def _records(file: str, text: str, problems: Problems) -> tuple[list[tuple[int, list[str]]], bool]:
    """Return the records, each with its first line, and whether the reading broke off."""
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
    faults = [f"column {one} is missing" for one in columns if one not in heading]
    faults += [f"column {one!r} is unknown" for one in heading if one not in columns]
    faults += [f"column {one} is there twice" for one in columns if heading.count(one) > 1]
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
