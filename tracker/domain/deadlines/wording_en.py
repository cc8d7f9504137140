"""Phrases for calculation steps in English."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind, StepUnit, StepWhy
from tracker.domain.deadlines.time_rules import PauseKind

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = {
    StepUnit.WORKING_DAYS: "working day",
    StepUnit.CALENDAR_DAYS: "calendar day",
    StepUnit.WORKING_HOURS: "working hour",
}
_PAUSED = {
    PauseKind.SUPPLEMENT: "for your papers",
    PauseKind.FEE: "for your payment",
    PauseKind.STOP: "while the office had stopped",
}
_IGNORED = {
    StepWhy.NO_REASON: "no reason recorded",
    StepWhy.NO_END: "no end recorded",
    StepWhy.ENDS_BEFORE_START: "ended before it began",
    StepWhy.BEFORE_RECEIPT: "over before the receipt",
    StepWhy.TOO_LATE: "begun after the due date",
}
_NAMED_RANGES = 2
_MINUTES = 60


def phrase(group: Sequence[CalculationStep], year: int) -> str:
    """Return the phrase for steps of one kind; days in `year` are written without a year."""
    return _PHRASES[group[0].kind](group, year)


def _received(group: Sequence[CalculationStep], _year: int) -> str:
    return f"received {_moment(group[0].at, 0)}"


def _counted_from(group: Sequence[CalculationStep], year: int) -> str:
    step = group[0]
    late = {
        StepWhy.AFTER_CLOSING: f"after closing at {step.name}",
        StepWhy.AFTER_CUT_OFF: f"after the cut-off at {step.name}",
    }
    why = late.get(step.why, "on a day off") if step.why else "later"
    return f"{why} so counted from {_weekday(step.at)} {_moment(step.at, year)}"


def _time(group: Sequence[CalculationStep], _year: int) -> str:
    step = group[0]
    if not step.amount and step.unit is not StepUnit.WORKING_HOURS:
        return "the same day"
    return _amount(step.amount or 0, step.unit)


def _days_off(group: Sequence[CalculationStep], year: int) -> str:
    step = group[0]
    ranges = [_range(days_off.from_on, days_off.to_on, year) for days_off in group]
    many = len(group) > 1 or step.from_on != step.to_on
    verb = "are" if many else "is"
    if step.why is StepWhy.WEEKEND:
        if len(group) > _NAMED_RANGES:
            first, last = _day(step.from_on, year), _day(group[-1].to_on, year)
            return f"{len(group)} weekends between {first} and {last}"
        return f"{' and '.join(ranges)} {verb} {'weekends' if len(group) > 1 else 'a weekend'}"
    if step.why is StepWhy.CHANGE:
        return f"{ranges[0]} {verb} {'days' if many else 'a day'} off{_decided(step)}"
    return f"{ranges[0]} {verb} {'public holidays' if many else 'a public holiday'} ({step.name})"


def _worked_day(group: Sequence[CalculationStep], year: int) -> str:
    step = group[0]
    if step.from_on == step.to_on:
        day = f"{_weekday(step.from_on)} {_day(step.from_on, year)} is a working day"
    else:
        day = f"{_range(step.from_on, step.to_on, year)} are working days"
    return day + _decided(step)


def _pause(group: Sequence[CalculationStep], _year: int) -> str:
    step = group[0]
    why = _PAUSED[step.pause_kind] if step.pause_kind else ""
    if step.amount is None:
        return f"paused {why}"
    return f"paused {_amount(sum(pause.amount or 0 for pause in group), step.unit)} {why}"


def _pause_ignored(group: Sequence[CalculationStep], _year: int) -> str:
    why = _IGNORED.get(group[0].why, "") if group[0].why else ""
    pauses = "1 pause" if len(group) == 1 else f"{len(group)} pauses"
    return f"{pauses} not counted ({why})"


def _restarted(group: Sequence[CalculationStep], year: int) -> str:
    return f"the time began again on {_moment(group[0].at, year)}"


def _locked(_group: Sequence[CalculationStep], _year: int) -> str:
    return "pauses do not move this date"


def _moved(_group: Sequence[CalculationStep], _year: int) -> str:
    return "moved to the next working day"


def _due(group: Sequence[CalculationStep], _year: int) -> str:
    return f"so {_weekday(group[0].at)} {_moment(group[0].at, 0)}"


def _amount(amount: int, unit: StepUnit | None) -> str:
    if unit is StepUnit.WORKING_MINUTES:
        hours, minutes = divmod(amount, _MINUTES)
        parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes or not hours)
        return f"{' '.join(parts)} of office time"
    word = _UNITS[unit] if unit else ""
    return f"{amount} {word}{'' if amount == 1 else 's'}"


def _decided(step: CalculationStep) -> str:
    return f" (decided {_day(step.decided_on, 0)})" if step.decided_on else ""


def _weekday(day: date | None) -> str:
    return _WEEKDAYS[day.weekday()] if day else ""


def _day(day: date | None, year: int) -> str:
    if day is None:
        return ""
    text = f"{day.day} {_MONTHS[day.month - 1]}"
    return text if day.year == year else f"{text} {day.year}"


def _moment(at: datetime | None, year: int) -> str:
    return f"{_day(at, year)} {at:%H:%M}" if at else ""


def _range(from_on: date | None, to_on: date | None, year: int) -> str:
    if from_on is None or to_on is None or from_on == to_on:
        return _day(from_on, year)
    if (from_on.year, from_on.month) == (to_on.year, to_on.month):
        return f"{from_on.day}\N{EN DASH}{_day(to_on, year)}"
    shared = to_on.year if from_on.year == to_on.year else year
    return f"{_day(from_on, shared)} \N{EN DASH} {_day(to_on, year)}"


_PHRASES: dict[StepKind, Callable[[Sequence[CalculationStep], int], str]] = {
    StepKind.RECEIVED: _received,
    StepKind.COUNTED_FROM: _counted_from,
    StepKind.TIME: _time,
    StepKind.DAYS_OFF: _days_off,
    StepKind.WORKED_DAY: _worked_day,
    StepKind.PAUSE: _pause,
    StepKind.PAUSE_IGNORED: _pause_ignored,
    StepKind.RESTARTED: _restarted,
    StepKind.LOCKED: _locked,
    StepKind.MOVED_TO_WORKING_DAY: _moved,
    StepKind.DUE: _due,
}
