"""When a result is due, and every step that led to that date."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from tracker.domain.deadlines.calculation_steps import (
    DateStep,
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
    """The moment by which the result is due, in the calendar's zone, and how it came about."""

    due_at: datetime
    steps: tuple[DateStep, ...]


def deadline(
    rule: TimeRule, received_at: datetime, pauses: Iterable[Pause], calendar: WorkCalendar
) -> Deadline | None:
    """Say when what was received at `received_at` is due, or None where the rule has no time.

    The day on which counting starts is not counted. Days are due at closing; calendar days that
    end on a day off are due on the next working day; working hours end within office hours. Never
    earlier than `received_at`.

    A pause counts when it has a reason and an end and began no later than the moment which, with
    the pauses that began before it, was due: one that began after is too late to rescue a promise
    already broken. Time before counting started is not deducted, overlapping time only once.
    Under restart the whole time counts anew from the latest end, received again as it were.

    Raises InvalidInputError for a naive datetime, CalendarHorizonError where the calendar ends.
    """
    received = local_moment(received_at, calendar)
    local_pauses = sorted((_in_zone(pause, calendar) for pause in pauses), key=_order)
    if rule.time is None:
        return None
    reckoning = _Reckoning(rule, rule.time, calendar)
    start, delay = reckoning.start(received)
    begin, extra, covered, restarted = start, 0, start, None
    due_at = reckoning.due(begin, reckoning.full + extra)
    told: list[DateStep] = []
    for pause in local_pauses:
        why = _ignored(pause, received, due_at)
        ended_at = pause.ended_at
        if why is not None or ended_at is None:
            told.append(pause_step(StepKind.PAUSE_IGNORED, pause, why=why))
        elif rule.pause_policy is PausePolicy.LOCK:
            told.append(pause_step(StepKind.LOCKED, pause))
        elif rule.pause_policy is PausePolicy.RESTART:
            told.append(pause_step(StepKind.PAUSE, pause))
            restarted = max(restarted or ended_at, ended_at)
            begin = reckoning.start(restarted)[0]
        else:
            counted = reckoning.measure(max(covered, pause.started_at), ended_at)
            covered = max(covered, ended_at)
            extra += counted
            amount, unit = reckoning.told(counted)
            told.append(pause_step(StepKind.PAUSE, pause, amount=amount, unit=unit))
        due_at = reckoning.due(begin, reckoning.full + extra)

    steps = [DateStep(StepKind.RECEIVED, at=received), *delay]
    steps.append(
        DateStep(StepKind.TIME, amount=rule.time.amount, unit=StepUnit(rule.time.unit.value))
    )
    passed = reckoning.passed(begin, reckoning.full + extra, due_at)
    if restarted is None:
        steps += [*passed, *told]
    else:
        again = DateStep(StepKind.RESTARTED, at=restarted)
        steps += [*told, again, *reckoning.start(restarted)[1], *passed]
    steps += reckoning.moved(begin, reckoning.full + extra, due_at)
    steps.append(DateStep(StepKind.DUE, at=due_at))
    return Deadline(due_at, tuple(steps))


def moved(
    due_at: datetime,
    given_at: datetime,
    rule: TimeRule,
    pauses: Iterable[Pause],
    calendar: WorkCalendar,
) -> datetime:
    """Say when a date given at `given_at` (on a slip, or with an apology) is due after pauses.

    Only the part of a pause after the date was given counts; whoever gave it knew the rest. The
    rule's policy holds, and which pauses count, and the errors, are as for `deadline`; a rule
    without a time counts in working days. Restarting never makes it earlier than what was given.
    """
    given, due = local_moment(given_at, calendar), local_moment(due_at, calendar)
    local_pauses = sorted((_in_zone(pause, calendar) for pause in pauses), key=_order)
    if rule.pause_policy is PausePolicy.LOCK:
        return due
    reckoning = _Reckoning(rule, rule.time or ProcessingTime(0, TimeUnit.WORKING_DAYS), calendar)
    extra, covered, latest = 0, given, due
    for pause in local_pauses:
        ended_at = pause.ended_at
        if ended_at is None or _ignored(pause, given, latest) is not None:
            continue
        if rule.pause_policy is PausePolicy.RESTART and rule.time:
            latest = max(latest, reckoning.due(reckoning.start(ended_at)[0], reckoning.full))
            continue
        extra += reckoning.measure(max(covered, pause.started_at), ended_at)
        covered = max(covered, ended_at)
        latest = reckoning.due(due, extra) if extra else due
    return latest


def office_time(
    rule: TimeRule, after: datetime, until: datetime, calendar: WorkCalendar
) -> timedelta:
    """Return the office time from `after` to `until`, none where `until` is not later."""
    hours = _Reckoning(rule, ProcessingTime(0, TimeUnit.WORKING_HOURS), calendar)
    ticks = hours.measure(local_moment(after, calendar), local_moment(until, calendar))
    return ticks * _TICK


class _Reckoning:
    """Counts in ticks of the rule's unit: days, or microseconds of office time."""

    def __init__(self, rule: TimeRule, full: ProcessingTime, calendar: WorkCalendar) -> None:
        self._rule, self._calendar = rule, calendar
        self._hours, self._unit = rule.hours, full.unit
        in_hours = full.unit is TimeUnit.WORKING_HOURS
        self.full = timedelta(hours=full.amount) // _TICK if in_hours else full.amount

    @cached_property
    def _day(self) -> int:
        """The ticks of a whole working day, where hours are counted."""
        return self._hours.worked_until(self._hours.closes) // _TICK

    def start(self, received: datetime) -> tuple[datetime, list[DateStep]]:
        """Return when counting starts, and the step which says so where that is not `received`."""
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
        return morning, [DateStep(StepKind.COUNTED_FROM, at=morning, why=why, name=name)]

    def due(self, start: datetime, total: int) -> datetime:
        """Return the moment at which `total` ticks from `start` are over, never before `start`."""
        day = start.date()
        if self._unit is TimeUnit.WORKING_DAYS:
            return self._at(self._calendar.add_working_days(day, total), self._hours.closes)
        if self._unit is TimeUnit.CALENDAR_DAYS:
            last = self._calendar.add_calendar_days(day, total)
            return self._at(self._calendar.add_working_days(last, 0), self._hours.closes)
        total += self._over(start)
        days, rest = divmod(total, self._day)
        if days and not rest:  # the end of a day, not the opening of the next
            days, rest = days - 1, self._day
        midnight = self._at(self._calendar.add_working_days(day, days), time())
        return max(start, midnight + self._hours.moment_after(rest * _TICK))

    def measure(self, after: datetime, until: datetime) -> int:
        """Return the ticks from `after` to `until`: the days d with after's day < d <= until's."""
        if until <= after:
            return 0
        first, last = after.date(), until.date()
        if self._unit is TimeUnit.CALENDAR_DAYS:
            return (last - first).days
        days = self._calendar.working_days_between(first, last)
        if self._unit is TimeUnit.WORKING_DAYS:
            return days
        return days * self._day + self._over(until) - self._over(after)

    def told(self, ticks: int) -> tuple[int, StepUnit]:
        """Return `ticks` as a whole number, rounded down, of what people count in."""
        if self._unit is TimeUnit.WORKING_HOURS:
            return ticks // (timedelta(minutes=1) // _TICK), StepUnit.WORKING_MINUTES
        return ticks, StepUnit(self._unit.value)

    def passed(self, start: datetime, total: int, due_at: datetime) -> list[DateStep]:
        """Return the steps of the days off not counted, and of the days specially worked."""
        after, until = start.date(), due_at.date()
        if self._unit is TimeUnit.CALENDAR_DAYS:
            last = self._calendar.add_calendar_days(after, total)
            if last == until:
                return []
            after, until = last - timedelta(days=1), until - timedelta(days=1)
        return [range_step(days) for days in self._calendar.exceptions_between(after, until)]

    def moved(self, start: datetime, total: int, due_at: datetime) -> list[DateStep]:
        """Return the step which says that the last calendar day was a day off."""
        if self._unit is not TimeUnit.CALENDAR_DAYS:
            return []
        last, until = start.date() + timedelta(days=total), due_at.date()
        step = DateStep(StepKind.MOVED_TO_WORKING_DAY, from_on=last, to_on=until)
        return [] if last == until else [step]

    def _over(self, moment: datetime) -> int:
        """Return the ticks of office time over at `moment` on its working day.

        On a day off: a whole day, that of the working day before, with which
        working_days_between counts it.
        """
        if not self._calendar.is_working(moment.date()):
            return self._day
        return self._hours.worked_until(moment.time()) // _TICK

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self._calendar.zone)


def local_moment(moment: datetime, calendar: WorkCalendar) -> datetime:
    """Return the moment in the calendar's zone.

    Raises InvalidInputError for a naive datetime, CalendarHorizonError for one no calendar has.
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
