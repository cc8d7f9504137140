"""The lines that explain a date, made to be shown on a page and carried in JSON."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from tracker.domain.deadlines.calendar import DayRange
from tracker.domain.deadlines.time_rules import Pause, PauseKind


class StepKind(StrEnum):
    """What a step tells."""

    RECEIVED = "received"
    COUNTED_FROM = "counted_from"
    TIME = "time"
    DAYS_OFF = "days_off"
    WORKED_DAY = "worked_day"
    PAUSE = "pause"
    PAUSE_IGNORED = "pause_ignored"
    RESTARTED = "restarted"
    LOCKED = "locked"
    MOVED_TO_WORKING_DAY = "moved_to_working_day"
    DUE = "due"


class StepUnit(StrEnum):
    """What a step's amount is counted in; under a rule in hours a pause is told in minutes."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"
    WORKING_MINUTES = "working_minutes"


class StepWhy(StrEnum):
    """Why counting began later, why days are off or worked, why a pause does not count."""

    AFTER_CLOSING = "after_closing"
    AFTER_CUT_OFF = "after_cut_off"
    DAY_OFF = "day_off"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WORKED = "worked"
    CHANGE = "change"
    NO_REASON = "no_reason"
    NO_END = "no_end"
    ENDS_BEFORE_START = "ends_before_start"
    BEFORE_RECEIPT = "before_receipt"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class DateStep:
    """One line of the reckoning; times are in the calendar's zone, ranges include both ends.

    received, counted_from, restarted, due: `at`. counted_from: `why`, `name` (closing or cut-off
    as HH:MM, or the name of the day off). time: `amount`, `unit`. days_off, worked_day: `from_on`,
    `to_on`, `why`, `name`, and of a change `citation`, `decided_on`. pause, pause_ignored, locked:
    `pause_kind`, `reason`, `basis`, `started_at`, `ended_at`; pause: `amount`, `unit` under extend;
    pause_ignored: `why`. moved_to_working_day: `from_on`, `to_on`.
    """

    kind: StepKind
    at: datetime | None = None
    from_on: date | None = None
    to_on: date | None = None
    amount: int | None = None
    unit: StepUnit | None = None
    why: StepWhy | None = None
    name: str = ""
    citation: str = ""
    decided_on: date | None = None
    pause_kind: PauseKind | None = None
    reason: str = ""
    basis: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def as_json(self) -> dict[str, str | int]:
        """Return the fields that are filled, dates and times as ISO 8601 text."""
        shown: dict[str, str | int] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, date):
                shown[item.name] = value.isoformat()
            elif isinstance(value, int):
                shown[item.name] = value
            elif value:
                shown[item.name] = str(value)
        return shown


def pause_step(
    kind: StepKind,
    pause: Pause,
    *,
    amount: int | None = None,
    unit: StepUnit | None = None,
    why: StepWhy | None = None,
) -> DateStep:
    """Return what became of `pause`."""
    return DateStep(
        kind,
        amount=amount,
        unit=unit,
        why=why,
        pause_kind=pause.kind,
        reason=pause.reason.strip(),
        basis=pause.basis,
        started_at=pause.started_at,
        ended_at=pause.ended_at,
    )


def range_step(days: DayRange) -> DateStep:
    """Tell why these days are off, or worked."""
    reason = days.reason
    return DateStep(
        StepKind.WORKED_DAY if reason.works else StepKind.DAYS_OFF,
        from_on=days.from_on,
        to_on=days.to_on,
        why=StepWhy(reason.kind.value),
        name=reason.name,
        citation=reason.citation,
        decided_on=reason.decided_on,
    )
