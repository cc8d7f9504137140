"""The time rule of a procedure: processing time, office hours and the effect of pauses."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as clock_time
from enum import StrEnum

from tracker.domain.errors import InvalidInputError

LONGEST = 100_000
"""The largest amount of a processing time, in its own unit."""


class TimeUnit(StrEnum):
    """The unit of a processing time."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"


class PausePolicy(StrEnum):
    """The effect of a pause on the due date: it moves, it stays, or the time starts again."""

    EXTEND = "extend"
    LOCK = "lock"
    RESTART = "restart"


class PauseKind(StrEnum):
    """The reason for a pause: missing papers (status 5), an unpaid fee (6) or a stop (8)."""

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
    """The local office hours of a working day. The default is 8 hours in two sessions."""

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
        """Return the office time of a working day that has passed at `moment`."""
        passed = _since_midnight(moment)
        worked = timedelta()
        for start, end in self.sessions:
            open_for = min(passed, _since_midnight(end)) - _since_midnight(start)
            worked += max(open_for, timedelta())
        return worked

    def moment_after(self, worked: timedelta) -> timedelta:
        """Return the time since midnight at which `worked` office time has passed.

        The result is never later than closing.
        """
        for start, end in self.sessions:
            length = _since_midnight(end) - _since_midnight(start)
            if worked <= length:
                return _since_midnight(start) + worked
            worked -= length
        return _since_midnight(self.closes)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """The time rule of a procedure. Without a `time` nothing is promised.

    A dossier received after `cut_off` counts from the next working morning. Without a cut-off,
    closing time applies. Raise InvalidInputError for a cut-off outside the office hours.
    """

    time: ProcessingTime | None
    hours: OfficeHours = field(default_factory=OfficeHours)
    cut_off: clock_time | None = None
    pause_policy: PausePolicy = PausePolicy.EXTEND

    @property
    def last_moment(self) -> clock_time:
        """The last moment of a working day that counts as that day."""
        return self.hours.closes if self.cut_off is None else self.cut_off

    def __post_init__(self) -> None:
        """Raise InvalidInputError for a cut-off outside the office hours."""
        if self.cut_off is None:
            return
        if not self.hours.opens <= self.cut_off <= self.hours.closes:
            msg = "The cut-off must lie between opening and closing."
            raise InvalidInputError(msg)


@dataclass(frozen=True, slots=True)
class Pause:
    """A period in which the office waited. Both times are timezone-aware.

    A pause without a reason or without an end does not move the due date.
    """

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
