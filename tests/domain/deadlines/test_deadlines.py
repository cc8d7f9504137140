from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.domain.deadlines.deadline_spec import (
    CALENDAR,
    DECIDED,
    at,
    calendar_days,
    days,
    due,
    hours,
    pause,
    vietnam,
)
from tracker.domain.deadlines.calendar import CalendarHorizonError
from tracker.domain.deadlines.deadlines import deadline
from tracker.domain.deadlines.time_rules import (
    OfficeHours,
    ProcessingTime,
    TimeRule,
    TimeUnit,
)
from tracker.domain.errors import InvalidInputError

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
    due_at = due(days(1), datetime(2026, 1, 5, 9, 59, tzinfo=UTC))
    assert due_at.isoformat() == "2026-01-06T17:00:00+07:00"
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


# invalid rules


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
