"""How long a procedure may take, at which hours, and what a pause does to that."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from enum import StrEnum

from tracker.domain.errors import InvalidInputError

LONGEST = 100_000
"""The largest amount of a processing time, in its own unit."""


class TimeUnit(StrEnum):
    """What a procedure's time is counted in."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"


class PausePolicy(StrEnum):
    """What a pause does to the date: moves it, leaves it, or lets the time begin again."""

    EXTEND = "extend"
    LOCK = "lock"
    RESTART = "restart"


class PauseKind(StrEnum):
    """What the office waits for: papers (status 5), a fee (6), or it has stopped (8)."""

    SUPPLEMENT = "supplement"
    FEE = "fee"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ProcessingTime:
    """A whole number, 0 to 100,000, of working days, calendar days or working hours."""

    amount: int
    unit: TimeUnit

    def __post_init__(self) -> None:
        """Raise InvalidInputError for an amount out of range."""
        if not 0 <= self.amount <= LONGEST:
            msg = f"A processing time cannot be {self.amount} {self.unit}."
            raise InvalidInputError(msg)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The local times at which an office works on a working day; the usual ones make 8 hours."""

    sessions: tuple[tuple[clock_time, clock_time], ...] = (
        (clock_time(7), clock_time(11, 30)),
        (clock_time(13, 30), clock_time(17)),
    )

    def __post_init__(self) -> None:
        """Raise InvalidInputError unless the sessions are in order and do not overlap."""
        end_before = None
        for start, end in self.sessions:
            if start >= end or (end_before is not None and start < end_before):
                msg = "Office hours must be sessions in order of time."
                raise InvalidInputError(msg)
            end_before = end
        if end_before is None:
            msg = "Office hours must have a session."
            raise InvalidInputError(msg)

    @property
    def opens(self) -> clock_time:
        """The start of the first session."""
        return self.sessions[0][0]

    @property
    def closes(self) -> clock_time:
        """The end of the last session."""
        return self.sessions[-1][1]

    def worked_until(self, moment: clock_time) -> timedelta:
        """Return the office time of a working day that is over at `moment`."""
        passed = _since_midnight(moment)
        worked = timedelta()
        for start, end in self.sessions:
            open_for = min(passed, _since_midnight(end)) - _since_midnight(start)
            worked += max(open_for, timedelta())
        return worked

    def moment_after(self, worked: timedelta) -> timedelta:
        """Return how long after midnight `worked` office time is first over, at most closing."""
        for start, end in self.sessions:
            length = _since_midnight(end) - _since_midnight(start)
            if worked <= length:
                return _since_midnight(start) + worked
            worked -= length
        return _since_midnight(self.closes)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """The time of a procedure; no `time` means that nothing is promised.

    What comes in after `cut_off` (after closing, where there is none) counts from the next working
    morning. Raises InvalidInputError for a cut-off outside the office hours.
    """

    time: ProcessingTime | None
    hours: OfficeHours = field(default_factory=OfficeHours)
    cut_off: clock_time | None = None
    pause_policy: PausePolicy = PausePolicy.EXTEND

    @property
    def last_moment(self) -> clock_time:
        """The last moment of a working day that counts as that day; later is the next morning."""
        return self.hours.closes if self.cut_off is None else self.cut_off

    def __post_init__(self) -> None:
        """Refuse a cut-off at which the office is not open."""
        if self.cut_off is None:
            return
        if not self.hours.opens <= self.cut_off <= self.hours.closes:
            msg = "The cut-off must lie between opening and closing."
            raise InvalidInputError(msg)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the office waited, both ends aware; deducts nothing without reason or end."""

    kind: PauseKind
    reason: str
    started_at: datetime
    ended_at: datetime | None = None
    basis: str = ""


def _since_midnight(moment: clock_time) -> timedelta:
    return timedelta(
        hours=moment.hour,
        minutes=moment.minute,
        seconds=moment.second,
        microseconds=moment.microsecond,
    )
