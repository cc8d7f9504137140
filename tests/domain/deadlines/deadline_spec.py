"""The calendar of Vietnam in 2026, and helpers for times, rules and pauses."""

from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from holidays import country_holidays

from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind
from tracker.domain.deadlines.calendar import DayChange, WorkCalendar
from tracker.domain.deadlines.deadlines import deadline
from tracker.domain.deadlines.time_rules import (
    Pause,
    PauseKind,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


DECIDED = date(2025, 12, 25)


PAPERS, FEE, STOP = PauseKind.SUPPLEMENT, PauseKind.FEE, PauseKind.STOP


def vietnam(*, first: int = 2024, last: int = 2027, swapped: bool = True) -> WorkCalendar:
    package = country_holidays("VN", years=range(first, last + 1), expand=False, language="vi")
    swap = (
        DayChange(date(2026, 1, 2), works=False, decided_on=DECIDED, name="off", citation="swap"),
        DayChange(date(2026, 1, 10), works=True, decided_on=DECIDED, name="on", citation="swap"),
    )
    return WorkCalendar(
        name="VN",
        zone=ZONE,
        first=date(first, 1, 1),
        last=date(last, 12, 31),
        days_off=dict(package.items()),
        worked_days={day for day in package.weekend_workdays if first <= day.year <= last},
        changes=swap if swapped else (),
    )


CALENDAR = vietnam()


def at(month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE)


def days(
    amount: int, policy: PausePolicy = PausePolicy.EXTEND, cut_off: time | None = None
) -> TimeRule:
    return TimeRule(
        ProcessingTime(amount, TimeUnit.WORKING_DAYS), cut_off=cut_off, pause_policy=policy
    )


def calendar_days(amount: int) -> TimeRule:
    return TimeRule(ProcessingTime(amount, TimeUnit.CALENDAR_DAYS))


def hours(amount: int, policy: PausePolicy = PausePolicy.EXTEND) -> TimeRule:
    return TimeRule(ProcessingTime(amount, TimeUnit.WORKING_HOURS), pause_policy=policy)


def pause(
    start: datetime, end: datetime | None, kind: PauseKind = PAPERS, reason: str = "r"
) -> Pause:
    return Pause(kind, reason, start, end)


def steps(
    rule: TimeRule,
    received: datetime,
    pauses: Iterable[Pause] = (),
    calendar: WorkCalendar = CALENDAR,
) -> tuple[CalculationStep, ...]:
    result = deadline(rule, received, pauses, calendar)
    assert result is not None
    return result.steps


def due(
    rule: TimeRule,
    received: datetime,
    pauses: Iterable[Pause] = (),
    calendar: WorkCalendar = CALENDAR,
) -> datetime:
    result = deadline(rule, received, pauses, calendar)
    assert result is not None
    assert result.steps[-1] == CalculationStep(StepKind.DUE, at=result.due_at)
    return result.due_at
