"""Calculation steps: the lines that explain a due date on a page and in JSON."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from tracker.domain.deadlines.calendar import DayRange
from tracker.domain.deadlines.time_rules import Pause, PauseKind


class StepKind(StrEnum):
    """The kind of a calculation step."""

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
    """The unit of a calculation step's amount.

    Under a rule in working hours, the amount of a pause is in working minutes.
    """

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"
    WORKING_MINUTES = "working_minutes"


class StepWhy(StrEnum):
    """The reason why counting began later, a day is off or worked, or a pause does not count."""

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
class CalculationStep:
    """One calculation step of a due date.

    Times are in the calendar's zone. Ranges include both ends. Each kind fills these fields:

    received, counted_from, restarted, due: `at`. counted_from: `why`, `name` (closing or cut-off as
    HH:MM, or the name of the day off). time: `amount`, `unit`. days_off, worked_day: `from_on`,
    `to_on`, `why`, `name`; a change adds `citation`, `decided_on`. pause, pause_ignored, locked:
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
        """Return the non-empty fields, with dates and times as ISO 8601 text."""
        shown: dict[str, str | int] = {}
        for step_field in fields(self):
            value = getattr(self, step_field.name)
            if isinstance(value, date):
                shown[step_field.name] = value.isoformat()
            elif isinstance(value, int):
                shown[step_field.name] = value
            elif value:
                shown[step_field.name] = str(value)
        return shown


def pause_step(
    kind: StepKind,
    pause: Pause,
    *,
    amount: int | None = None,
    unit: StepUnit | None = None,
    why: StepWhy | None = None,
) -> CalculationStep:
    """Return the calculation step that shows the effect of `pause`."""
    return CalculationStep(
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


def range_step(days: DayRange) -> CalculationStep:
    """Return the calculation step that explains why these days are off or worked."""
    reason = days.reason
    return CalculationStep(
        StepKind.WORKED_DAY if reason.works else StepKind.DAYS_OFF,
        from_on=days.from_on,
        to_on=days.to_on,
        why=StepWhy(reason.kind.value),
        name=reason.name,
        citation=reason.citation,
        decided_on=reason.decided_on,
    )
