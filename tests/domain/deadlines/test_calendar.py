from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.deadlines.calendar import (
    CalendarHorizonError,
    DayChange,
    DayKind,
    DayRange,
    DayReason,
    WorkCalendar,
)
from tracker.domain.errors import InvalidInputError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DECIDED = date(2025, 12, 25)
SWAP = (
    DayChange(date(2026, 1, 2), works=False, decided_on=DECIDED, name="off", citation="swap"),
    DayChange(date(2026, 1, 10), works=True, decided_on=DECIDED, name="worked", citation="swap"),
)


def vietnam(*changes: DayChange, first: int = 2024, last: int = 2027) -> WorkCalendar:
    package = country_holidays(
        "VN", years=range(first, last + 1), expand=False, language="vi", observed=True
    )
    return WorkCalendar(
        name="VN",
        zone=ZONE,
        first=date(first, 1, 1),
        last=date(last, 12, 31),
        days_off=dict(package.items()),
        worked_days={day for day in package.weekend_workdays if first <= day.year <= last},
        changes=changes,
    )


SWAPPED = vietnam(*SWAP)
PACKAGE = vietnam()


def change(on: date, *, works: bool, decided_on: date) -> DayChange:
    return DayChange(on, works, decided_on, name=f"decided {decided_on}", citation="c")


def test_one_working_day_from_31_dec_2025_is_5_jan_2026_because_2_jan_was_swapped_away() -> None:
    assert SWAPPED.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 5)


def test_five_working_days_from_5_jan_2026_end_on_the_swapped_saturday() -> None:
    assert SWAPPED.add_working_days(date(2026, 1, 5), 5) == date(2026, 1, 10)


def test_the_package_alone_does_not_know_the_swap() -> None:
    assert PACKAGE.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 2)
    assert PACKAGE.add_working_days(date(2026, 1, 5), 5) == date(2026, 1, 12)


def test_before_the_decision_the_swap_is_not_known() -> None:
    then = SWAPPED.as_known(date(2025, 12, 24))
    assert then.add_working_days(date(2025, 12, 31), 1) == date(2026, 1, 2)
    assert then.add_working_days(date(2026, 1, 5), 5) == date(2026, 1, 12)
    assert then.version == PACKAGE.version


def test_on_the_day_of_the_decision_the_swap_is_known() -> None:
    assert SWAPPED.as_known(DECIDED) is SWAPPED


def test_as_known_then_is_worked_out_once() -> None:
    assert SWAPPED.as_known(date(2025, 1, 1)) is SWAPPED.as_known(date(2025, 12, 24))


def test_the_latest_decision_of_a_day_wins_and_the_earlier_one_holds_until_then() -> None:
    day, early, late = date(2026, 3, 7), date(2026, 1, 5), date(2026, 2, 5)
    calendar = vietnam(
        change(day, works=False, decided_on=late), change(day, works=True, decided_on=early)
    )
    assert not calendar.is_working(day)
    assert calendar.as_known(date(2026, 2, 4)).is_working(day)
    assert not calendar.as_known(date(2026, 1, 4)).is_working(day)


def test_two_decisions_of_one_day_about_the_same_day_are_refused() -> None:
    day = date(2026, 3, 7)
    with pytest.raises(InvalidInputError, match="2026-03-07"):
        vietnam(
            change(day, works=True, decided_on=DECIDED),
            change(day, works=False, decided_on=DECIDED),
        )


def test_a_change_outside_the_horizon_is_refused() -> None:
    with pytest.raises(CalendarHorizonError, match="2062-01-02"):
        vietnam(change(date(2062, 1, 2), works=False, decided_on=DECIDED))


def test_lunar_new_year_is_off() -> None:
    tet_2025 = [date(2025, 1, 27) + timedelta(days=n) for n in range(5)]
    tet_2026 = [date(2026, 2, 16) + timedelta(days=n) for n in range(5)]
    assert not any(SWAPPED.is_working(day) for day in tet_2025 + tet_2026)
    assert SWAPPED.add_working_days(date(2026, 2, 13), 1) == date(2026, 2, 23)


def test_the_hung_kings_day_on_a_sunday_moves_to_the_monday() -> None:
    assert SWAPPED.next_working_day(date(2026, 4, 24)) == date(2026, 4, 28)
    reason = SWAPPED.why(date(2026, 4, 26))
    assert reason is not None
    assert reason.name == "Ngày Giỗ Tổ Hùng Vương"


@pytest.mark.parametrize("day", [date(2024, 5, 4), date(2025, 4, 26), date(2026, 8, 22)])
def test_a_saturday_worked_for_a_day_off_is_a_working_day(day: date) -> None:
    assert SWAPPED.is_working(day)
    assert SWAPPED.why(day) == DayReason(DayKind.WORKED, works=True)


@pytest.mark.parametrize("day", [date(2024, 4, 29), date(2025, 5, 2), date(2026, 8, 31)])
def test_the_day_off_a_saturday_was_worked_for_is_off(day: date) -> None:
    assert not SWAPPED.is_working(day)


def test_why_names_the_weekend_the_holiday_and_the_decision() -> None:
    assert SWAPPED.why(date(2026, 1, 3)) == DayReason(DayKind.WEEKEND, works=False, name="Thứ Bảy")
    assert SWAPPED.why(date(2026, 1, 4)) == DayReason(DayKind.WEEKEND, works=False, name="Chủ nhật")
    assert SWAPPED.why(date(2026, 1, 1)) == DayReason(
        DayKind.HOLIDAY, works=False, name="Tết Dương lịch"
    )
    assert SWAPPED.why(date(2026, 1, 2)) == DayReason(
        DayKind.CHANGE, works=False, name="off", citation="swap", decided_on=DECIDED
    )
    assert SWAPPED.why(date(2026, 1, 10)) == DayReason(
        DayKind.CHANGE, works=True, name="worked", citation="swap", decided_on=DECIDED
    )
    assert SWAPPED.why(date(2026, 1, 5)) is None


def test_days_with_a_reason_are_grouped_by_reason_and_cut_at_the_ends_of_the_span() -> None:
    off = DayReason(DayKind.CHANGE, works=False, name="off", citation="swap", decided_on=DECIDED)
    weekend = DayReason(DayKind.WEEKEND, works=False, name="Thứ Bảy \N{EN DASH} Chủ nhật")
    assert SWAPPED.exceptions_between(date(2026, 1, 1), date(2026, 1, 6)) == (
        DayRange(date(2026, 1, 2), date(2026, 1, 2), off),
        DayRange(date(2026, 1, 3), date(2026, 1, 4), weekend),
    )
    assert SWAPPED.exceptions_between(date(2026, 1, 2), date(2026, 1, 3)) == (
        DayRange(
            date(2026, 1, 3),
            date(2026, 1, 3),
            DayReason(DayKind.WEEKEND, works=False, name="Thứ Bảy"),
        ),
    )


def test_two_weekends_with_a_week_between_are_two_ranges() -> None:
    ranges = SWAPPED.exceptions_between(date(2026, 3, 6), date(2026, 3, 15))
    assert [(days.from_on.day, days.to_on.day) for days in ranges] == [(7, 8), (14, 15)]


def test_a_year_that_is_not_loaded_is_an_error_and_not_a_year_of_working_days() -> None:
    only_2025 = vietnam(first=2025, last=2025)
    assert only_2025.add_working_days(date(2025, 12, 30), 1) == date(2025, 12, 31)
    with pytest.raises(CalendarHorizonError, match="2025-12-31"):
        only_2025.add_working_days(date(2025, 12, 31), 1)
    with pytest.raises(CalendarHorizonError, match="2026-01-01"):
        only_2025.is_working(date(2026, 1, 1))
    with pytest.raises(CalendarHorizonError):
        only_2025.why(date(2024, 12, 31))
    with pytest.raises(CalendarHorizonError):
        only_2025.working_days_between(date(2025, 12, 1), date(2026, 1, 5))
    with pytest.raises(CalendarHorizonError):
        only_2025.add_calendar_days(date(2025, 12, 31), 1)


def test_counting_over_new_year_sees_the_holidays_of_both_years() -> None:
    calendar = vietnam(first=2024, last=2025)
    assert calendar.working_days_between(date(2024, 12, 27), date(2025, 1, 3)) == 4
    assert calendar.add_working_days(date(2024, 12, 27), 4) == date(2025, 1, 3)


def test_no_working_days_after_a_day_is_that_day_or_the_next_that_works() -> None:
    assert SWAPPED.add_working_days(date(2026, 1, 5), 0) == date(2026, 1, 5)
    assert SWAPPED.add_working_days(date(2026, 1, 3), 0) == date(2026, 1, 5)


def test_a_negative_number_of_days_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        SWAPPED.add_working_days(date(2026, 1, 5), -1)
    with pytest.raises(InvalidInputError):
        SWAPPED.add_calendar_days(date(2026, 1, 5), -1)


def test_a_moment_is_no_day() -> None:
    with pytest.raises(InvalidInputError):
        SWAPPED.is_working(datetime(2026, 1, 5, tzinfo=UTC))


def test_a_calendar_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        WorkCalendar(
            name="x", zone=ZONE, first=date(2026, 2, 1), last=date(2026, 1, 1), days_off={}
        )


def test_the_version_is_the_same_for_the_same_content_and_differs_for_other_content() -> None:
    assert SWAPPED.version == vietnam(*reversed(SWAP)).version
    assert SWAPPED.version.startswith("VN@2025-12-25#")
    assert PACKAGE.version.startswith("VN@base#")
    recited = DayChange(date(2026, 1, 2), works=False, decided_on=DECIDED, name="off", citation="?")
    versions = {
        calendar.version
        for calendar in (SWAPPED, PACKAGE, vietnam(recited, SWAP[1]), vietnam(last=2028))
    }
    assert len(versions) == 4


def brute_working(day: date) -> bool:
    if day in {date(2026, 1, 10), date(2024, 5, 4), date(2025, 4, 26), date(2026, 8, 22)}:
        return True
    return day != date(2026, 1, 2) and day.weekday() < 5 and day not in PACKAGE.days_off


DAYS = st.dates(date(2024, 1, 1), date(2027, 6, 30))


@given(DAYS)
def test_a_day_is_worked_exactly_by_weekday_holidays_and_changes(day: date) -> None:
    assert SWAPPED.is_working(day) == brute_working(day)
    reason = SWAPPED.why(day)
    assert SWAPPED.is_working(day) == (reason is None or reason.works)


@given(DAYS, st.integers(1, 60))
def test_adding_working_days_agrees_with_walking_day_by_day(day: date, days: int) -> None:
    walked, left = day, days
    while left:
        walked += timedelta(days=1)
        left -= brute_working(walked)
    assert SWAPPED.add_working_days(day, days) == walked


@given(DAYS, DAYS)
def test_counting_between_agrees_with_walking_day_by_day(after: date, until: date) -> None:
    span = range(after.toordinal() + 1, until.toordinal() + 1)
    walked = sum(brute_working(date.fromordinal(ordinal)) for ordinal in span)
    assert SWAPPED.working_days_between(after, until) == walked


@given(DAYS, st.integers(0, 100))
def test_adding_and_counting_between_are_inverse(day: date, days: int) -> None:
    if days or SWAPPED.is_working(day):
        assert SWAPPED.working_days_between(day, SWAPPED.add_working_days(day, days)) == days


@given(DAYS, DAYS)
def test_all_days_with_a_reason_are_returned_and_no_other(after: date, until: date) -> None:
    exceptions = [
        date.fromordinal(ordinal)
        for days in SWAPPED.exceptions_between(after, until)
        for ordinal in range(days.from_on.toordinal(), days.to_on.toordinal() + 1)
    ]
    span = range(after.toordinal() + 1, until.toordinal() + 1)
    assert exceptions == [
        day for day in map(date.fromordinal, span) if SWAPPED.why(day) is not None
    ]
