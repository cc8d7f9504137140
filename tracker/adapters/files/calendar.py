"""The working calendar: the `holidays` package for Vietnam with dated, cited changes."""

import csv
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from holidays import country_holidays

from tracker.domain.deadlines.calendar import DayChange, WorkCalendar
from tracker.domain.errors import InvalidInputError

FILE = "calendar_changes.csv"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COLUMNS = ("on", "works", "name", "decided_on", "citation")
_WORKS = {"yes": True, "no": False}


class CalendarFileError(InvalidInputError):
    """The file of calendar changes has faults; `problems` names each with file and line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep the problems; the message has a line for each."""
        super().__init__("\n".join(problems))
        self.problems = problems


def load_calendar(
    directory: Path, *, first_year: int = 2020, last_year: int = 2035
) -> WorkCalendar:
    """Return Vietnam's calendar for these years, both included, with the changes in `directory`.

    The file `calendar_changes.csv` (UTF-8) has the columns on, works (yes or no), name,
    decided_on, citation; days are YYYY-MM-DD. The days of the package have no date of decision, so
    they count as always known. Raise `CalendarFileError` with all problems at once.
    """
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    years = range(first_year, last_year + 1)
    package = country_holidays("VN", years=years, expand=False, language="vi")
    return WorkCalendar(
        name=f"VN-{directory.resolve().name}",
        zone=ZONE,
        first=first,
        last=last,
        days_off={day: name for day, name in package.items() if first <= day <= last},
        worked_days={day for day in package.weekend_workdays if first <= day <= last},
        changes=_read_changes(directory / FILE, first, last),
    )


def _read_changes(path: Path, first: date, last: date) -> list[DayChange]:
    problems: list[str] = []
    changes: dict[tuple[date, date], DayChange] = {}
    for line, cells in _rows(path):
        faults, change = _change(cells)
        if change is not None:
            if not first <= change.on <= last:
                faults.append(f"{change.on} is outside {first} to {last}")
            if (change.on, change.decided_on) in changes:
                faults.append(f"{change.on} is decided twice on {change.decided_on}")
            changes[change.on, change.decided_on] = change
        problems += [f"{path}:{line}: {problem}" for problem in faults]
    if problems:
        raise CalendarFileError(tuple(problems))
    return list(changes.values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as cause:
        raise CalendarFileError((f"{path}: cannot be read: {cause}",)) from cause
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as cause:
        raise CalendarFileError((f"{path}:{reader.line_num}: {cause}",)) from cause
    if not rows or tuple(rows[0][1]) != COLUMNS:
        raise CalendarFileError((f"{path}:1: the columns must be {','.join(COLUMNS)}",))
    return rows[1:]


def _change(cells: list[str]) -> tuple[list[str], DayChange | None]:
    """Return the faults of these cells, and the change if there are none."""
    if len(cells) != len(COLUMNS):
        return [f"{len(cells)} cells instead of {len(COLUMNS)}"], None
    row = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
    problems = [f"{column} is empty" for column in ("name", "citation") if not row[column]]
    days = {column: _day(row[column]) for column in ("on", "decided_on")}
    problems += [
        f"{column} is not a day YYYY-MM-DD: {row[column]!r}"
        for column, day in days.items()
        if day is None
    ]
    if row["works"] not in _WORKS:
        problems.append(f"works is neither yes nor no: {row['works']!r}")
    on, decided_on = days["on"], days["decided_on"]
    if problems or on is None or decided_on is None:
        return problems, None
    return [], DayChange(on, _WORKS[row["works"]], decided_on, row["name"], row["citation"])


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return None
