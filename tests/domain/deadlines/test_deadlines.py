import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.deadlines.calculation_steps import DateStep, StepKind, StepUnit, StepWhy
from tracker.domain.deadlines.calendar import CalendarHorizonError, DayChange, WorkCalendar
from tracker.domain.deadlines.deadlines import deadline, moved
from tracker.domain.deadlines.time_rules import (
    OfficeHours,
    Pause,
    PauseKind,
    PausePolicy,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.errors import InvalidInputError

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
) -> tuple[DateStep, ...]:
    found = deadline(rule, received, pauses, calendar)
    assert found is not None
    return found.steps


def due(
    rule: TimeRule,
    received: datetime,
    pauses: Iterable[Pause] = (),
    calendar: WorkCalendar = CALENDAR,
) -> datetime:
    found = deadline(rule, received, pauses, calendar)
    assert found is not None
    assert found.steps[-1] == DateStep(StepKind.DUE, at=found.due_at)
    return found.due_at


# the days


def test_one_day_promised_on_31_dec_2025_is_5_jan_2026() -> None:
    assert due(days(1), at(12, 31, year=2025)) == at(1, 5, 17)


def test_five_days_promised_on_5_jan_2026_end_on_the_swapped_saturday() -> None:
    assert due(days(5), at(1, 5)) == at(1, 10, 17)


def test_without_the_override_the_package_alone_promises_other_days() -> None:
    package = vietnam(swapped=False)
    assert due(days(1), at(12, 31, year=2025), calendar=package) == at(1, 2, 17)
    assert due(days(5), at(1, 5), calendar=package) == at(1, 12, 17)


def test_a_promise_as_known_before_the_decision_differs_from_as_known_now() -> None:
    then = CALENDAR.as_known(date(2025, 12, 24))
    assert due(days(1), at(12, 31, year=2025), calendar=then) == at(1, 2, 17)
    assert due(days(1), at(12, 31, year=2025), calendar=CALENDAR.as_known(DECIDED)) == at(1, 5, 17)


def test_lunar_new_year_is_not_counted() -> None:
    assert due(days(3), at(2, 12)) == at(2, 24, 17)


def test_the_day_off_for_the_hung_kings_is_not_counted() -> None:
    assert due(days(1), at(4, 24)) == at(4, 28, 17)


def test_a_promise_over_new_year_needs_the_next_year_loaded() -> None:
    with pytest.raises(CalendarHorizonError):
        due(days(5), at(12, 29, year=2025), calendar=vietnam(first=2025, last=2025, swapped=False))


@pytest.mark.parametrize("rule", [days(90_000), calendar_days(90_000), hours(90_000)])
def test_a_time_longer_than_the_calendar_is_an_error_whatever_its_unit(rule: TimeRule) -> None:
    with pytest.raises(CalendarHorizonError):
        due(rule, at(1, 5))


def test_no_time_is_no_promise() -> None:
    assert deadline(TimeRule(None), at(1, 5), (), CALENDAR) is None


# when counting starts


def test_received_at_closing_counts_from_that_day() -> None:
    assert due(days(1), at(1, 5, 17)) == at(1, 6, 17)


def test_received_after_closing_counts_from_the_next_working_morning() -> None:
    assert due(days(1), at(1, 5, 17, 1)) == at(1, 7, 17)
    assert due(days(1), at(1, 16, 18)) == at(1, 20, 17)
    assert due(hours(1), at(1, 16, 18)) == at(1, 19, 8)
    assert due(calendar_days(1), at(1, 5, 18)) == at(1, 7, 17)


def test_received_on_a_day_off_counts_from_the_next_working_morning() -> None:
    assert due(days(1), at(1, 17)) == at(1, 20, 17)
    assert due(days(0), at(1, 17)) == at(1, 19, 17)


def test_received_before_opening_counts_from_that_day() -> None:
    assert due(days(1), at(1, 5, 5)) == at(1, 6, 17)
    assert due(hours(1), at(1, 5, 5)) == at(1, 5, 8)


def test_a_same_day_procedure_that_closes_at_15_00_moves_to_the_next_day_only_after_it() -> None:
    rule = days(0, cut_off=time(15))
    assert due(rule, at(1, 5, 15)) == at(1, 5, 17)
    assert due(rule, at(1, 5, 15, 1)) == at(1, 6, 17)
    assert due(rule, at(1, 9, 16)) == at(1, 10, 17)


def test_a_time_in_utc_is_counted_in_the_zone_of_the_offices() -> None:
    found = due(days(1), datetime(2026, 1, 5, 9, 59, tzinfo=UTC))
    assert found.isoformat() == "2026-01-06T17:00:00+07:00"
    assert due(days(1), datetime(2026, 1, 5, 10, 1, tzinfo=UTC)) == at(1, 7, 17)
    assert due(days(1), datetime(2026, 1, 5, 23, 30, tzinfo=UTC)) == at(1, 7, 17)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 5, 9)  # noqa: DTZ001
    with pytest.raises(InvalidInputError):
        deadline(days(1), naive, (), CALENDAR)
    with pytest.raises(InvalidInputError):
        deadline(days(1), at(1, 5), [pause(naive, at(1, 6))], CALENDAR)
    with pytest.raises(InvalidInputError):
        deadline(days(1), at(1, 5), [pause(at(1, 5), naive)], CALENDAR)


def test_a_time_at_the_end_of_all_time_is_outside_the_calendar() -> None:
    with pytest.raises(CalendarHorizonError):
        deadline(days(1), datetime.max.replace(tzinfo=UTC), (), CALENDAR)


# calendar days and hours


def test_calendar_days_count_days_off_but_do_not_end_on_one() -> None:
    assert due(calendar_days(7), at(1, 5)) == at(1, 12, 17)
    assert due(calendar_days(5), at(1, 12)) == at(1, 19, 17)
    assert due(calendar_days(5), at(1, 5)) == at(1, 10, 17)


def test_working_hours_stop_over_lunch() -> None:
    assert due(hours(2), at(1, 5, 10)) == at(1, 5, 14)
    assert due(hours(1), at(1, 5, 12)) == at(1, 5, 14, 30)


def test_working_hours_end_before_a_break_and_not_after_it() -> None:
    assert due(hours(2), at(1, 5, 9, 30)) == at(1, 5, 11, 30)
    assert due(hours(8), at(1, 5, 7)) == at(1, 5, 17)
    assert due(hours(16), at(1, 5, 7)) == at(1, 6, 17)


def test_working_hours_stop_over_night_and_over_a_weekend() -> None:
    assert due(hours(2), at(1, 5, 16)) == at(1, 6, 8)
    assert due(hours(2), at(1, 16, 16)) == at(1, 19, 8)
    assert due(hours(2), at(1, 9, 16)) == at(1, 10, 8)


def test_eight_working_hours_are_one_working_day() -> None:
    assert due(hours(8), at(1, 16, 10)) == at(1, 19, 10)


def test_no_working_hours_are_due_at_once_and_not_before_the_receipt() -> None:
    assert due(hours(0), at(1, 5, 12)) == at(1, 5, 12)
    assert due(hours(0), at(1, 5, 17)) == at(1, 5, 17)
    assert due(hours(0), at(1, 5, 18)) == at(1, 6, 7)


def test_working_hours_keep_the_seconds() -> None:
    received = at(1, 5).replace(second=7, microsecond=5)
    assert due(hours(1), received) == received + timedelta(hours=1)


# pauses


def test_the_sentence_of_the_domain_ends_on_monday_26_january() -> None:
    waited = pause(at(1, 16), at(1, 20))
    assert due(days(5), at(1, 15, 9, 10), [waited]) == at(1, 26, 17)


def test_a_pause_over_a_weekend_gives_back_working_days_and_not_calendar_days() -> None:
    assert due(days(5), at(1, 15), [pause(at(1, 16), at(1, 19))]) == at(1, 23, 17)


def test_a_pause_within_a_day_gives_back_no_day() -> None:
    assert due(days(5), at(1, 15), [pause(at(1, 16, 8), at(1, 16, 16))]) == at(1, 22, 17)


def test_a_second_pause_does_not_overwrite_the_first() -> None:
    first, second = pause(at(1, 16), at(1, 20)), pause(at(1, 21), at(1, 22), FEE)
    assert due(days(5), at(1, 15), [first]) == at(1, 26, 17)
    assert due(days(5), at(1, 15), [first, second]) == at(1, 27, 17)
    assert due(days(5), at(1, 15), [second, first]) == at(1, 27, 17)


def test_overlapping_and_repeated_pauses_count_once() -> None:
    first, inside = pause(at(1, 16), at(1, 21)), pause(at(1, 19), at(1, 20), FEE)
    across = pause(at(1, 20), at(1, 22), STOP)
    assert due(days(5), at(1, 15), [first, inside, first]) == due(days(5), at(1, 15), [first])
    told = steps(days(5), at(1, 15), [across, inside, first])
    assert [(step.pause_kind, step.amount) for step in told if step.kind is StepKind.PAUSE] == [
        (PAPERS, 3),
        (FEE, 0),
        (STOP, 1),
    ]
    assert due(days(5), at(1, 15), [across, inside, first]) == at(1, 28, 17)


def test_repeated_requests_for_papers_never_turn_a_dossier_overdue() -> None:
    asked: list[Pause] = []
    for start, end in ((16, 20), (21, 23), (26, 30)):
        asked.append(pause(at(1, start), at(1, end)))
        assert due(days(5), at(1, 15), asked) > at(1, end)
    assert due(days(5), at(1, 15), asked) == at(2, 3, 17)


def test_a_pause_without_a_reason_or_without_an_end_deducts_nothing() -> None:
    plain = due(days(5), at(1, 15))
    assert due(days(5), at(1, 15), [pause(at(1, 16), at(1, 20), reason="  ")]) == plain
    assert due(days(5), at(1, 15), [pause(at(1, 16), None)]) == plain


def test_a_pause_that_ends_before_it_starts_deducts_nothing() -> None:
    assert due(days(5), at(1, 15), [pause(at(1, 20), at(1, 16))]) == due(days(5), at(1, 15))


def test_a_pause_begun_after_the_due_moment_is_too_late_and_one_begun_at_it_is_not() -> None:
    assert due(days(1), at(1, 5), [pause(at(1, 6, 17, 1), at(1, 9))]) == at(1, 6, 17)
    assert due(days(1), at(1, 5), [pause(at(1, 6, 17), at(1, 9))]) == at(1, 9, 17)


def test_a_pause_in_time_only_thanks_to_an_earlier_pause_counts() -> None:
    first, second = pause(at(1, 6), at(1, 8)), pause(at(1, 8, 10), at(1, 9))
    assert due(days(1), at(1, 5), [second]) == at(1, 6, 17)
    assert due(days(1), at(1, 5), [second, first]) == at(1, 9, 17)


def test_time_before_counting_started_is_not_given_back() -> None:
    assert due(days(1), at(1, 16, 18), [pause(at(1, 14), at(1, 20))]) == at(1, 21, 17)
    assert due(days(1), at(1, 16), [pause(at(1, 12), at(1, 15))]) == at(1, 19, 17)


def test_under_calendar_days_a_pause_gives_back_calendar_days() -> None:
    assert due(calendar_days(10), at(1, 12), [pause(at(1, 16), at(1, 19))]) == at(1, 26, 17)


def test_under_working_hours_a_pause_gives_back_office_time() -> None:
    waited = pause(at(1, 16, 16), at(1, 19, 8, 30))
    assert due(hours(4), at(1, 16, 15), [waited]) == at(1, 19, 11, 30)
    told = steps(hours(4), at(1, 16, 15), [waited])
    assert [(step.amount, step.unit) for step in told if step.kind is StepKind.PAUSE] == [
        (150, StepUnit.WORKING_MINUTES)
    ]


def test_under_working_hours_a_pause_begun_or_ended_on_a_day_off_counts_open_hours_only() -> None:
    assert due(hours(8), at(1, 16, 15), [pause(at(1, 16, 16), at(1, 18, 12))]) == at(1, 19, 16)
    inside = [pause(at(1, 17), at(1, 18))]
    assert due(hours(8), at(1, 16, 15), inside) == at(1, 19, 15)
    assert due(hours(8), at(1, 16, 15), [pause(at(1, 17), at(1, 19, 8))]) == at(1, 19, 16)


def test_under_lock_no_pause_moves_the_date() -> None:
    rule = days(5, PausePolicy.LOCK)
    waited = pause(at(1, 16), at(1, 20))
    assert due(rule, at(1, 15), [waited]) == at(1, 22, 17)
    assert steps(rule, at(1, 15), [waited])[-2].kind is StepKind.LOCKED


def test_under_restart_the_whole_time_counts_anew_from_the_latest_end() -> None:
    rule = days(5, PausePolicy.RESTART)
    long, short = pause(at(1, 16), at(1, 21)), pause(at(1, 19), at(1, 20), FEE)
    assert due(rule, at(1, 15), [long]) == at(1, 28, 17)
    assert due(rule, at(1, 15), [short, long]) == at(1, 28, 17)
    assert due(rule, at(1, 15), [pause(at(1, 16), at(1, 21, 18))]) == at(1, 29, 17)
    assert due(hours(4, PausePolicy.RESTART), at(1, 15), [pause(at(1, 15, 10), at(1, 16))]) == at(
        1, 16, 15
    )


def test_under_restart_a_pause_begun_too_late_or_still_open_restarts_nothing() -> None:
    rule = days(1, PausePolicy.RESTART)
    assert due(rule, at(1, 5), [pause(at(1, 7), at(1, 9))]) == at(1, 6, 17)
    assert due(rule, at(1, 5), [pause(at(1, 6), None)]) == at(1, 6, 17)


# a date that was given


def test_a_given_date_is_moved_only_by_the_pause_after_it_was_given() -> None:
    waited = pause(at(1, 14), at(1, 20))
    assert moved(at(1, 26, 17), at(1, 16), days(5), [waited], CALENDAR) == at(1, 28, 17)
    assert moved(at(1, 26, 17), at(1, 21), days(5), [waited], CALENDAR) == at(1, 26, 17)


def test_a_given_date_is_moved_once_by_pauses_that_overlap() -> None:
    pauses = [
        pause(at(1, 16), at(1, 21)),
        pause(at(1, 17), at(1, 19), FEE),
        pause(at(1, 20), at(1, 21), STOP),
    ]
    assert moved(at(1, 26, 17), at(1, 15), days(5), pauses, CALENDAR) == at(1, 29, 17)


def test_a_given_date_stays_where_it_was_given_without_a_pause() -> None:
    odd = at(1, 25, 10, 15)
    for rule in (days(5), hours(5), calendar_days(5), TimeRule(None), days(5, PausePolicy.LOCK)):
        assert moved(odd, at(1, 15), rule, [], CALENDAR) == odd
        assert moved(odd, at(1, 15), rule, [pause(at(1, 16), None)], CALENDAR) == odd


def test_a_given_date_moves_in_the_unit_of_the_rule_and_by_its_policy() -> None:
    waited = [pause(at(1, 16), at(1, 20))]
    assert moved(at(1, 22, 17), at(1, 15), calendar_days(5), waited, CALENDAR) == at(1, 26, 17)
    assert moved(at(1, 24, 10), at(1, 15), hours(5), waited, CALENDAR) == at(1, 27, 17)
    assert moved(at(1, 22, 17), at(1, 15), days(5, PausePolicy.LOCK), waited, CALENDAR) == at(
        1, 22, 17
    )
    assert moved(at(1, 22, 17), at(1, 15), TimeRule(None), waited, CALENDAR) == at(1, 26, 17)
    restart = days(5, PausePolicy.RESTART)
    assert moved(at(1, 22, 17), at(1, 15), restart, waited, CALENDAR) == at(1, 27, 17)
    assert moved(at(2, 20, 17), at(1, 15), restart, waited, CALENDAR) == at(2, 20, 17)


# the steps


def test_the_steps_tell_the_whole_reckoning_in_order() -> None:
    waited = Pause(PAPERS, " birth certificate ", at(1, 5), at(1, 6), "form 02")
    nameless = Pause(FEE, "", at(1, 6), at(1, 7))
    assert steps(days(2), at(1, 1, 9), [nameless, waited]) == (
        DateStep(StepKind.RECEIVED, at=at(1, 1, 9)),
        DateStep(StepKind.COUNTED_FROM, at=at(1, 5, 7), why=StepWhy.DAY_OFF, name="Tết Dương lịch"),
        DateStep(StepKind.TIME, amount=2, unit=StepUnit.WORKING_DAYS),
        DateStep(
            StepKind.PAUSE,
            amount=1,
            unit=StepUnit.WORKING_DAYS,
            pause_kind=PAPERS,
            reason="birth certificate",
            basis="form 02",
            started_at=at(1, 5),
            ended_at=at(1, 6),
        ),
        DateStep(
            StepKind.PAUSE_IGNORED,
            why=StepWhy.NO_REASON,
            pause_kind=FEE,
            started_at=at(1, 6),
            ended_at=at(1, 7),
        ),
        DateStep(StepKind.DUE, at=at(1, 8, 17)),
    )


def test_days_off_within_the_span_are_told_as_ranges_with_their_citation() -> None:
    told = steps(days(1), at(12, 31, year=2025))
    off = [step for step in told if step.kind is StepKind.DAYS_OFF]
    dash = "\N{EN DASH}"
    assert off == [
        DateStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 1),
            to_on=date(2026, 1, 1),
            why=StepWhy.HOLIDAY,
            name="Tết Dương lịch",
        ),
        DateStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 2),
            to_on=date(2026, 1, 2),
            why=StepWhy.CHANGE,
            name="off",
            citation="swap",
            decided_on=DECIDED,
        ),
        DateStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 3),
            to_on=date(2026, 1, 4),
            why=StepWhy.WEEKEND,
            name=f"Thứ Bảy {dash} Chủ nhật",
        ),
    ]


def test_a_saturday_worked_within_the_span_is_told_with_its_citation() -> None:
    assert steps(days(5), at(1, 5))[2] == DateStep(
        StepKind.WORKED_DAY,
        from_on=date(2026, 1, 10),
        to_on=date(2026, 1, 10),
        why=StepWhy.CHANGE,
        name="on",
        citation="swap",
        decided_on=DECIDED,
    )


def test_calendar_days_tell_only_the_days_off_they_moved_over() -> None:
    told = steps(calendar_days(12), at(1, 12))
    assert [step.kind for step in told] == [
        StepKind.RECEIVED,
        StepKind.TIME,
        StepKind.DAYS_OFF,
        StepKind.MOVED_TO_WORKING_DAY,
        StepKind.DUE,
    ]
    assert (told[2].from_on, told[2].to_on) == (date(2026, 1, 24), date(2026, 1, 25))
    assert (told[3].from_on, told[3].to_on) == (date(2026, 1, 24), date(2026, 1, 26))


def test_a_restart_is_told_after_its_pause_and_only_days_off_after_it_are_listed() -> None:
    told = steps(days(5, PausePolicy.RESTART), at(1, 15), [pause(at(1, 16), at(1, 20, 18))])
    assert [step.kind for step in told] == [
        StepKind.RECEIVED,
        StepKind.TIME,
        StepKind.PAUSE,
        StepKind.RESTARTED,
        StepKind.COUNTED_FROM,
        StepKind.DAYS_OFF,
        StepKind.DUE,
    ]
    assert (told[5].from_on, told[5].to_on) == (date(2026, 1, 24), date(2026, 1, 25))


@pytest.mark.parametrize(
    ("ignored", "why"),
    [
        (pause(at(1, 16), at(1, 20), reason=""), StepWhy.NO_REASON),
        (pause(at(1, 16), None), StepWhy.NO_END),
        (pause(at(1, 20), at(1, 16)), StepWhy.ENDS_BEFORE_START),
        (pause(at(1, 12), at(1, 15)), StepWhy.BEFORE_RECEIPT),
        (pause(at(1, 23), at(1, 26)), StepWhy.TOO_LATE),
    ],
)
def test_an_ignored_pause_is_told_with_its_why(ignored: Pause, why: StepWhy) -> None:
    told = [step for step in steps(days(5), at(1, 15), [ignored]) if step.pause_kind]
    assert [(step.kind, step.why) for step in told] == [(StepKind.PAUSE_IGNORED, why)]


def test_a_step_in_json_holds_only_what_is_filled_as_plain_text_and_numbers() -> None:
    told = steps(days(0), at(1, 5), [pause(at(1, 5, 10), at(1, 5, 11))])
    assert json.loads(json.dumps([step.as_json() for step in told])) == [
        {"kind": "received", "at": "2026-01-05T09:00:00+07:00"},
        {"kind": "time", "amount": 0, "unit": "working_days"},
        {
            "kind": "pause",
            "amount": 0,
            "unit": "working_days",
            "pause_kind": "supplement",
            "reason": "r",
            "started_at": "2026-01-05T10:00:00+07:00",
            "ended_at": "2026-01-05T11:00:00+07:00",
        },
        {"kind": "due", "at": "2026-01-05T17:00:00+07:00"},
    ]
    assert all(type(value) in {str, int} for step in told for value in step.as_json().values())


# rules that make no sense


@pytest.mark.parametrize("amount", [-1, 100_001])
def test_a_processing_time_out_of_range_is_refused(amount: int) -> None:
    with pytest.raises(InvalidInputError):
        ProcessingTime(amount, TimeUnit.WORKING_DAYS)


@pytest.mark.parametrize(
    "sessions",
    [
        (),
        ((time(9), time(9)),),
        ((time(13), time(17)), (time(7), time(11))),
        ((time(7), time(12)), (time(11), time(17))),
    ],
)
def test_office_hours_out_of_order_are_refused(sessions: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(InvalidInputError):
        OfficeHours(sessions)


@pytest.mark.parametrize("cut_off", [time(6), time(18)])
def test_a_cut_off_at_which_the_office_is_shut_is_refused(cut_off: time) -> None:
    with pytest.raises(InvalidInputError):
        days(0, cut_off=cut_off)


# whatever the input

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
    found = deadline(rule, received, pauses, CALENDAR)
    assert deadline(rule, received, reversed(pauses), CALENDAR) == found
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
def test_the_amounts_told_for_pauses_add_up_to_the_extension(
    full: ProcessingTime, received: datetime, pauses: list[Pause]
) -> None:
    if full.unit is TimeUnit.WORKING_HOURS:
        return
    rule = TimeRule(full)
    told = steps(rule, received, pauses)
    added = sum(step.amount or 0 for step in told if step.kind is StepKind.PAUSE)
    assert due(TimeRule(ProcessingTime(full.amount + added, full.unit)), received) == told[-1].at


@given(st.integers(0, 20), MOMENTS, PAUSES)
def test_working_days_agree_with_walking_day_by_day(
    amount: int, received: datetime, pauses: list[Pause]
) -> None:
    told = steps(days(amount), received, pauses)
    counted = [step for step in told if step.kind is StepKind.PAUSE]
    start = next(
        (step.at for step in told if step.kind is StepKind.COUNTED_FROM and step.at), received
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
    assert told[-1].at == datetime.combine(day, time(17), ZONE)


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
