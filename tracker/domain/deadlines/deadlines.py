"""Calculate when a result is due, with every calculation step that leads to the date."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from tracker.domain.deadlines.calculation_steps import (
    CalculationStep,
    StepKind,
    StepUnit,
    StepWhy,
    pause_step,
    range_step,
)
from tracker.domain.deadlines.calendar import CalendarHorizonError, WorkCalendar
from tracker.domain.deadlines.time_rules import (
    Pause,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.errors import InvalidInputError

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The due date in the calendar's zone and its calculation steps."""

    due_at: datetime
    steps: tuple[CalculationStep, ...]


def deadline(
    rule: TimeRule, received_at: datetime, pauses: Iterable[Pause], calendar: WorkCalendar
) -> Deadline | None:
    """Return the deadline of a dossier received at `received_at`, or None without a time.

    The day on which counting starts is not counted. A time in days is due at closing. Calendar days
    that end on a day off are due on the next working day. Working hours end within office hours.
    The due date is never earlier than `received_at`.

    A pause counts if it has a reason and an end, and if it began no later than the due date that
    the earlier pauses give. A later pause cannot repair a broken promise. Time before counting
    started is not deducted. Overlapping time is deducted once. Under the restart policy the whole
    time counts again from the latest end, as if the dossier were received then.

    Raise InvalidInputError for a naive datetime and CalendarHorizonError past the calendar's end.
    """
    received = local_moment(received_at, calendar)
    local_pauses = sorted((_in_zone(pause, calendar) for pause in pauses), key=_order)
    if rule.time is None:
        return None
    calculation = _Calculation(rule, rule.time, calendar)
    start, delay = calculation.start(received)
    begin, extra, covered, restarted = start, 0, start, None
    due_at = calculation.due(begin, calculation.full + extra)
    pause_steps: list[CalculationStep] = []
    for pause in local_pauses:
        why = _ignored(pause, received, due_at)
        ended_at = pause.ended_at
        if why is not None or ended_at is None:
            pause_steps.append(pause_step(StepKind.PAUSE_IGNORED, pause, why=why))
        elif rule.pause_policy is PausePolicy.LOCK:
            pause_steps.append(pause_step(StepKind.LOCKED, pause))
        elif rule.pause_policy is PausePolicy.RESTART:
            pause_steps.append(pause_step(StepKind.PAUSE, pause))
            restarted = max(restarted or ended_at, ended_at)
            begin = calculation.start(restarted)[0]
        else:
            counted = calculation.measure(max(covered, pause.started_at), ended_at)
            covered = max(covered, ended_at)
            extra += counted
            amount, unit = calculation.in_displayed_unit(counted)
            pause_steps.append(pause_step(StepKind.PAUSE, pause, amount=amount, unit=unit))
        due_at = calculation.due(begin, calculation.full + extra)

    steps = [CalculationStep(StepKind.RECEIVED, at=received), *delay]
    steps.append(
        CalculationStep(StepKind.TIME, amount=rule.time.amount, unit=StepUnit(rule.time.unit.value))
    )
    passed = calculation.exception_steps(begin, calculation.full + extra, due_at)
    if restarted is None:
        steps += [*passed, *pause_steps]
    else:
        again = CalculationStep(StepKind.RESTARTED, at=restarted)
        steps += [*pause_steps, again, *calculation.start(restarted)[1], *passed]
    steps += calculation.move_steps(begin, calculation.full + extra, due_at)
    steps.append(CalculationStep(StepKind.DUE, at=due_at))
    return Deadline(due_at, tuple(steps))


def moved(
    due_at: datetime,
    given_at: datetime,
    rule: TimeRule,
    pauses: Iterable[Pause],
    calendar: WorkCalendar,
) -> datetime:
    """Return when a given date is due after these pauses.

    A date is given at `given_at`, on a slip or with an apology. Only the part of a pause after
    `given_at` counts, because the person who gave the date knew the rest. The policy, the pauses
    that count and the errors are the same as for `deadline`. A rule without a time counts in
    working days. A restart never makes the date earlier than the given one.
    """
    given, due = local_moment(given_at, calendar), local_moment(due_at, calendar)
    local_pauses = sorted((_in_zone(pause, calendar) for pause in pauses), key=_order)
    if rule.pause_policy is PausePolicy.LOCK:
        return due
    calculation = _Calculation(
        rule, rule.time or ProcessingTime(0, TimeUnit.WORKING_DAYS), calendar
    )
    extra, covered, latest = 0, given, due
    for pause in local_pauses:
        ended_at = pause.ended_at
        if ended_at is None or _ignored(pause, given, latest) is not None:
            continue
        if rule.pause_policy is PausePolicy.RESTART and rule.time:
            latest = max(latest, calculation.due(calculation.start(ended_at)[0], calculation.full))
            continue
        extra += calculation.measure(max(covered, pause.started_at), ended_at)
        covered = max(covered, ended_at)
        latest = calculation.due(due, extra) if extra else due
    return latest


def office_time(
    rule: TimeRule, after: datetime, until: datetime, calendar: WorkCalendar
) -> timedelta:
    """Return the office time from `after` to `until`, or zero if `until` is not later."""
    hours = _Calculation(rule, ProcessingTime(0, TimeUnit.WORKING_HOURS), calendar)
    ticks = hours.measure(local_moment(after, calendar), local_moment(until, calendar))
    return ticks * _TICK


class _Calculation:
    """Count in ticks of the rule's unit: days, or microseconds of office time."""

    def __init__(self, rule: TimeRule, full: ProcessingTime, calendar: WorkCalendar) -> None:
        self._rule, self._calendar = rule, calendar
        self._hours, self._unit = rule.hours, full.unit
        in_hours = full.unit is TimeUnit.WORKING_HOURS
        self.full = timedelta(hours=full.amount) // _TICK if in_hours else full.amount

    @cached_property
    def _day(self) -> int:
        """The ticks of a whole working day, for a time in working hours."""
        return self._hours.worked_until(self._hours.closes) // _TICK

    def start(self, received: datetime) -> tuple[datetime, list[CalculationStep]]:
        """Return when counting starts, and a calculation step if that is later than `received`."""
        day, moment = received.date(), received.time()
        closes, cut_off = self._hours.closes, self._rule.cut_off
        if not self._calendar.is_working(day):
            reason = self._calendar.why(day)
            why, name = StepWhy.DAY_OFF, reason.name if reason else ""
        elif moment > closes:
            why, name = StepWhy.AFTER_CLOSING, closes.isoformat("minutes")
        elif cut_off is not None and moment > cut_off:
            why, name = StepWhy.AFTER_CUT_OFF, cut_off.isoformat("minutes")
        else:
            return received, []
        morning = self._at(self._calendar.next_working_day(day), self._hours.opens)
        return morning, [CalculationStep(StepKind.COUNTED_FROM, at=morning, why=why, name=name)]

    def due(self, start: datetime, total: int) -> datetime:
        """Return the moment `total` ticks after `start`, never earlier than `start`."""
        day = start.date()
        if self._unit is TimeUnit.WORKING_DAYS:
            return self._at(self._calendar.add_working_days(day, total), self._hours.closes)
        if self._unit is TimeUnit.CALENDAR_DAYS:
            last = self._calendar.add_calendar_days(day, total)
            return self._at(self._calendar.add_working_days(last, 0), self._hours.closes)
        total += self._ticks_passed(start)
        days, rest = divmod(total, self._day)
        if days and not rest:  # a full day ends at closing, not at the next opening
            days, rest = days - 1, self._day
        midnight = self._at(self._calendar.add_working_days(day, days), time())
        return max(start, midnight + self._hours.moment_after(rest * _TICK))

    def measure(self, after: datetime, until: datetime) -> int:
        """Return the ticks from `after` to `until`.

        In days, count each day d with day of `after` < d <= day of `until`.
        """
        if until <= after:
            return 0
        first, last = after.date(), until.date()
        if self._unit is TimeUnit.CALENDAR_DAYS:
            return (last - first).days
        days = self._calendar.working_days_between(first, last)
        if self._unit is TimeUnit.WORKING_DAYS:
            return days
        return days * self._day + self._ticks_passed(until) - self._ticks_passed(after)

    def in_displayed_unit(self, ticks: int) -> tuple[int, StepUnit]:
        """Return `ticks` in the displayed unit, rounded down to a whole number."""
        if self._unit is TimeUnit.WORKING_HOURS:
            return ticks // (timedelta(minutes=1) // _TICK), StepUnit.WORKING_MINUTES
        return ticks, StepUnit(self._unit.value)

    def exception_steps(
        self, start: datetime, total: int, due_at: datetime
    ) -> list[CalculationStep]:
        """Return the calculation steps of days off and specially worked days in the period."""
        after, until = start.date(), due_at.date()
        if self._unit is TimeUnit.CALENDAR_DAYS:
            last = self._calendar.add_calendar_days(after, total)
            if last == until:
                return []
            after, until = last - timedelta(days=1), until - timedelta(days=1)
        return [range_step(days) for days in self._calendar.exceptions_between(after, until)]

    def move_steps(self, start: datetime, total: int, due_at: datetime) -> list[CalculationStep]:
        """Return the calculation step that moves a calendar day off to the next working day."""
        if self._unit is not TimeUnit.CALENDAR_DAYS:
            return []
        last, until = start.date() + timedelta(days=total), due_at.date()
        step = CalculationStep(StepKind.MOVED_TO_WORKING_DAY, from_on=last, to_on=until)
        return [] if last == until else [step]

    def _ticks_passed(self, moment: datetime) -> int:
        """Return the ticks of office time that have passed at `moment` on its working day.

        A moment on a day off returns a whole day: working_days_between counts it with the working
        day before.
        """
        if not self._calendar.is_working(moment.date()):
            return self._day
        return self._hours.worked_until(moment.time()) // _TICK

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self._calendar.zone)


def local_moment(moment: datetime, calendar: WorkCalendar) -> datetime:
    """Return the moment in the calendar's zone.

    Raise InvalidInputError for a naive datetime and CalendarHorizonError for one outside the range
    of dates.
    """
    if moment.utcoffset() is None:
        msg = "A time without a zone cannot be counted from."
        raise InvalidInputError(msg)
    try:
        return moment.astimezone(calendar.zone)
    except OverflowError as cause:
        msg = f"{moment} is outside every calendar."
        raise CalendarHorizonError(msg) from cause


def _in_zone(pause: Pause, calendar: WorkCalendar) -> Pause:
    ended_at = None if pause.ended_at is None else local_moment(pause.ended_at, calendar)
    return replace(pause, started_at=local_moment(pause.started_at, calendar), ended_at=ended_at)


def _order(pause: Pause) -> tuple[datetime, bool, datetime, str, str, str]:
    ended_at = pause.ended_at or pause.started_at
    return (
        pause.started_at,
        pause.ended_at is None,
        ended_at,
        pause.kind.value,
        pause.reason,
        pause.basis,
    )


def _ignored(pause: Pause, received: datetime, due_at: datetime) -> StepWhy | None:
    if not pause.reason.strip():
        return StepWhy.NO_REASON
    if pause.ended_at is None:
        return StepWhy.NO_END
    if pause.ended_at < pause.started_at:
        return StepWhy.ENDS_BEFORE_START
    if pause.ended_at <= received:
        return StepWhy.BEFORE_RECEIPT
    return StepWhy.TOO_LATE if pause.started_at > due_at else None
