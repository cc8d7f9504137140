"""Properties of every deadline, with random rules, times and pauses."""

from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.deadlines.deadline_spec import CALENDAR, ZONE, days, due, hours, steps
from tracker.domain.deadlines.calculation_steps import StepKind
from tracker.domain.deadlines.deadlines import deadline
from tracker.domain.deadlines.time_rules import (
    OfficeHours,
    Pause,
    PauseKind,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)

MOMENTS = st.datetimes(
    datetime(2025, 11, 1),  # noqa: DTZ001
    datetime(2026, 3, 15),  # noqa: DTZ001
    timezones=st.just(ZONE),
)


TIMES = st.builds(ProcessingTime, st.integers(0, 40), st.sampled_from(TimeUnit))


RULES = st.builds(
    TimeRule,
    TIMES,
    st.just(OfficeHours()),
    st.none() | st.just(time(15)),
    st.sampled_from(PausePolicy),
)


PAUSES = st.lists(
    st.builds(
        Pause,
        st.sampled_from(PauseKind),
        st.sampled_from(["", "r"]),
        MOMENTS,
        st.none() | MOMENTS,
    ),
    max_size=5,
)


@given(RULES, MOMENTS, PAUSES)
def test_nothing_is_overdue_when_it_is_handed_in(
    rule: TimeRule, received: datetime, pauses: list[Pause]
) -> None:
    assert due(rule, received) >= received
    assert due(rule, received, pauses) >= received
    assert CALENDAR.is_working(due(rule, received, pauses).date())


@given(RULES, MOMENTS, PAUSES)
def test_the_order_in_which_pauses_are_given_and_repeats_change_nothing(
    rule: TimeRule, received: datetime, pauses: list[Pause]
) -> None:
    result = deadline(rule, received, pauses, CALENDAR)
    assert deadline(rule, received, reversed(pauses), CALENDAR) == result
    assert due(rule, received, pauses + pauses) == due(rule, received, pauses)


@given(RULES, MOMENTS, PAUSES)
def test_one_unit_more_is_never_due_earlier(
    rule: TimeRule, received: datetime, pauses: list[Pause]
) -> None:
    assert rule.time is not None
    longer = TimeRule(
        ProcessingTime(rule.time.amount + 1, rule.time.unit),
        rule.hours,
        rule.cut_off,
        rule.pause_policy,
    )
    assert due(longer, received, pauses) >= due(rule, received, pauses)


@given(RULES, MOMENTS, PAUSES, PAUSES)
def test_more_pauses_are_never_due_earlier(
    rule: TimeRule, received: datetime, pauses: list[Pause], more: list[Pause]
) -> None:
    assert due(rule, received, pauses + more) >= due(rule, received, pauses)


@given(TIMES, MOMENTS, PAUSES)
def test_the_amounts_of_pauses_add_up_to_the_extension(
    full: ProcessingTime, received: datetime, pauses: list[Pause]
) -> None:
    if full.unit is TimeUnit.WORKING_HOURS:
        return
    rule = TimeRule(full)
    calculation_steps = steps(rule, received, pauses)
    added = sum(step.amount or 0 for step in calculation_steps if step.kind is StepKind.PAUSE)
    assert (
        due(TimeRule(ProcessingTime(full.amount + added, full.unit)), received)
        == calculation_steps[-1].at
    )


@given(st.integers(0, 20), MOMENTS, PAUSES)
def test_working_days_agree_with_walking_day_by_day(
    amount: int, received: datetime, pauses: list[Pause]
) -> None:
    calculation_steps = steps(days(amount), received, pauses)
    counted = [step for step in calculation_steps if step.kind is StepKind.PAUSE]
    start = next(
        (step.at for step in calculation_steps if step.kind is StepKind.COUNTED_FROM and step.at),
        received,
    )
    paused = {
        ordinal
        for step in counted
        if step.started_at and step.ended_at
        for ordinal in range(step.started_at.toordinal() + 1, step.ended_at.toordinal() + 1)
    }
    day, left = start.date(), amount
    extension = sum(
        ordinal > day.toordinal() and CALENDAR.is_working(date.fromordinal(ordinal))
        for ordinal in paused
    )
    left += extension
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_working(day)
    assert calculation_steps[-1].at == datetime.combine(day, time(17), ZONE)


@given(st.integers(1, 20), MOMENTS.map(lambda moment: moment.replace(second=0, microsecond=0)))
def test_working_hours_agree_with_walking_minute_by_minute(amount: int, received: datetime) -> None:
    moment, left = received, amount * 60
    if not CALENDAR.is_working(received.date()) or received.time() > time(17):
        moment = datetime.combine(CALENDAR.next_working_day(received.date()), time(7), ZONE)
    while left:
        clock = moment.time()
        opened = time(7) <= clock < time(11, 30) or time(13, 30) <= clock < time(17)
        left -= opened and CALENDAR.is_working(moment.date())
        moment += timedelta(minutes=1)
    assert due(hours(amount), received) == moment
