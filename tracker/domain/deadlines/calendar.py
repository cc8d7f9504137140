"""The work calendar: which days are working days, why, and when each change was decided."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from tracker.domain.errors import InvalidInputError

WEEKEND: Mapping[int, str] = MappingProxyType({5: "Thứ Bảy", 6: "Chủ nhật"})
"""The weekdays (Monday is 0) that are off in an ordinary week, with their names."""


class CalendarHorizonError(InvalidInputError):
    """The work calendar is not loaded for this day."""


class DayKind(StrEnum):
    """The source of a day's reason."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WORKED = "worked"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class DayChange:
    """A decision that makes one day a working day or a day off, known from `decided_on`."""

    on: date
    works: bool
    decided_on: date
    name: str
    citation: str


@dataclass(frozen=True, slots=True)
class DayReason:
    """Why a day is off, or why a day that would be off is worked."""

    kind: DayKind
    works: bool
    name: str = ""
    citation: str = ""
    decided_on: date | None = None


@dataclass(frozen=True, slots=True)
class DayRange:
    """Consecutive days, both ends included, with the same kind of reason and citation.

    If the names differ, `reason.name` holds the first and the last name with a dash between.
    """

    from_on: date
    to_on: date
    reason: DayReason


class WorkCalendar:
    """The working days from `first` to `last`, both included; immutable.

    A decided change overrides a base worked day, which overrides a base day off, which overrides
    the weekend. The latest decision about a day applies. A question about a day outside first..last
    raises CalendarHorizonError: a year that is not loaded never counts as worked.
    """

    def __init__(
        self,
        *,
        name: str,
        zone: ZoneInfo,
        first: date,
        last: date,
        days_off: Mapping[date, str],
        worked_days: Collection[date] = (),
        changes: Iterable[DayChange] = (),
        weekend: Mapping[int, str] = WEEKEND,
    ) -> None:
        """Raise InvalidInputError for a day outside the horizon or two conflicting decisions."""
        self.name = name
        self.zone = zone
        self.first = first
        self.last = last
        self.days_off = MappingProxyType(dict(days_off))
        self.worked_days = frozenset(worked_days)
        self.weekend = MappingProxyType(dict(weekend))
        self.changes = tuple(sorted(changes, key=lambda change: (change.on, change.decided_on)))
        self._check()
        self._first = first.toordinal()
        self._last = last.toordinal()
        self._reasons = self._all_reasons()
        self._exceptions = sorted(self._reasons)
        self._working = [
            ordinal
            for ordinal in range(self._first, self._last + 1)
            if (reason := self._reasons.get(ordinal)) is None or reason.works
        ]
        self._known: dict[date | None, WorkCalendar] = {}
        self.version = self._version()

    def as_known(self, on: date) -> "WorkCalendar":
        """Return this calendar with only the changes decided on or before the day `on`."""
        known = tuple(change for change in self.changes if change.decided_on <= on)
        if len(known) == len(self.changes):
            return self
        latest = max((change.decided_on for change in known), default=None)
        if latest not in self._known:
            self._known[latest] = WorkCalendar(
                name=self.name,
                zone=self.zone,
                first=self.first,
                last=self.last,
                days_off=self.days_off,
                worked_days=self.worked_days,
                changes=known,
                weekend=self.weekend,
            )
        return self._known[latest]

    def is_working(self, day: date) -> bool:
        """Return whether the offices work on `day`."""
        reason = self._reasons.get(self._ordinal(day))
        return reason is None or reason.works

    def why(self, day: date) -> DayReason | None:
        """Return why `day` is off or specially worked; None for an ordinary working day."""
        return self._reasons.get(self._ordinal(day))

    def add_working_days(self, day: date, days: int) -> date:
        """Return the `days`-th working day after `day`.

        For 0, return `day` itself or the next working day. Raise InvalidInputError for a negative
        number and CalendarHorizonError past the horizon.
        """
        ordinal = self._ordinal(day)
        if days < 0:
            msg = f"Cannot count {days} working days."
            raise InvalidInputError(msg)
        if days == 0:
            index = bisect_left(self._working, ordinal)
        else:
            index = bisect_right(self._working, ordinal) + days - 1
        if index >= len(self._working):
            msg = (
                f"{days} working days after {day} are past {self.last}, "
                f"where the calendar {self.name} ends."
            )
            raise CalendarHorizonError(msg)
        return date.fromordinal(self._working[index])

    def add_calendar_days(self, day: date, days: int) -> date:
        """Return the day `days` calendar days after `day`; errors as in add_working_days."""
        ordinal = self._ordinal(day) + days
        if days < 0:
            msg = f"Cannot count {days} calendar days."
            raise InvalidInputError(msg)
        if ordinal > self._last:
            msg = (
                f"{days} days after {day} are past {self.last}, "
                f"where the calendar {self.name} ends."
            )
            raise CalendarHorizonError(msg)
        return date.fromordinal(ordinal)

    def next_working_day(self, day: date) -> date:
        """Return the first working day after `day`, never `day` itself."""
        return self.add_working_days(day, 1)

    def working_days_between(self, after: date, until: date) -> int:
        """Return the number of working days d with after < d <= until; 0 if there are none."""
        low, high = self._ordinal(after), self._ordinal(until)
        if high <= low:
            return 0
        return bisect_right(self._working, high) - bisect_right(self._working, low)

    def exceptions_between(self, after: date, until: date) -> tuple[DayRange, ...]:
        """Return the days d with after < d <= until that have a reason, as ordered ranges."""
        low = bisect_right(self._exceptions, self._ordinal(after))
        high = bisect_right(self._exceptions, self._ordinal(until))
        ranges: list[list[int]] = []
        for ordinal in self._exceptions[low:high]:
            if ranges and ordinal == ranges[-1][-1] + 1 and self._same_reason(ordinal - 1, ordinal):
                ranges[-1].append(ordinal)
            else:
                ranges.append([ordinal])
        return tuple(self._range(days[0], days[-1]) for days in ranges)

    def _range(self, low: int, high: int) -> DayRange:
        first, last = self._reasons[low], self._reasons[high]
        name = first.name if first.name == last.name else f"{first.name} \N{EN DASH} {last.name}"
        reason = DayReason(first.kind, first.works, name, first.citation, first.decided_on)
        return DayRange(date.fromordinal(low), date.fromordinal(high), reason)

    def _same_reason(self, left: int, right: int) -> bool:
        first, second = self._reasons[left], self._reasons[right]
        return (first.kind, first.works, first.citation, first.decided_on) == (
            second.kind,
            second.works,
            second.citation,
            second.decided_on,
        )

    def _ordinal(self, day: date) -> int:
        if isinstance(day, datetime):
            msg = "A calendar accepts a day, not a moment."
            raise InvalidInputError(msg)
        ordinal = day.toordinal()
        if not self._first <= ordinal <= self._last:
            msg = (
                f"{day} is outside {self.first} to {self.last}, "
                f"for which the calendar {self.name} is loaded."
            )
            raise CalendarHorizonError(msg)
        return ordinal

    def _check(self) -> None:
        if self.first > self.last:
            msg = f"A calendar cannot go from {self.first} to {self.last}."
            raise InvalidInputError(msg)
        for day in (*self.days_off, *self.worked_days, *(change.on for change in self.changes)):
            if not self.first <= day <= self.last:
                msg = f"{day} is outside {self.first} to {self.last}, the horizon of {self.name}."
                raise CalendarHorizonError(msg)
        for change, following in pairwise(self.changes):
            if (change.on, change.decided_on) == (following.on, following.decided_on):
                msg = f"{change.on} was changed twice on {change.decided_on}."
                raise InvalidInputError(msg)

    def _all_reasons(self) -> dict[int, DayReason]:
        reasons: dict[int, DayReason] = {}
        for ordinal in range(self._first, self._last + 1):
            name = self.weekend.get((ordinal - 1) % 7)  # ordinal 1 is a Monday
            if name is not None:
                reasons[ordinal] = DayReason(DayKind.WEEKEND, works=False, name=name)
        for day, name in self.days_off.items():
            reasons[day.toordinal()] = DayReason(DayKind.HOLIDAY, works=False, name=name)
        for day in self.worked_days:
            reasons[day.toordinal()] = DayReason(DayKind.WORKED, works=True)
        for change in self.changes:  # changes are sorted: the latest decision of a day wins
            reasons[change.on.toordinal()] = DayReason(
                DayKind.CHANGE, change.works, change.name, change.citation, change.decided_on
            )
        return reasons

    def _version(self) -> str:
        content = json.dumps(
            (
                self.zone.key,
                self.first.isoformat(),
                self.last.isoformat(),
                sorted(self.weekend.items()),
                sorted((day.isoformat(), name) for day, name in self.days_off.items()),
                sorted(day.isoformat() for day in self.worked_days),
                [
                    (c.on.isoformat(), c.works, c.decided_on.isoformat(), c.name, c.citation)
                    for c in self.changes
                ],
            )
        )
        latest = max((change.decided_on.isoformat() for change in self.changes), default="base")
        return f"{self.name}@{latest}#{sha256(content.encode()).hexdigest()[:12]}"
