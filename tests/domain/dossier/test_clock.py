from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.dossier_spec import CALENDAR
from tracker.domain.deadlines.deadlines import deadline
from tracker.domain.deadlines.time_rules import ProcessingTime, TimeRule, TimeUnit
from tracker.domain.dossier.clock import Clock

CLOCKS = [
    Clock(TimeRule(ProcessingTime(amount, unit), cut_off=cut_off), CALENDAR)
    for unit, amount in (
        (TimeUnit.WORKING_DAYS, 0),
        (TimeUnit.WORKING_DAYS, 3),
        (TimeUnit.CALENDAR_DAYS, 10),
        (TimeUnit.WORKING_HOURS, 4),
    )
    for cut_off in (None, time(15, 0))
]
"""Each is asked many times, so that it also answers from what it made before."""

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001  the zone is beside


@given(received_at=MOMENTS, clock=st.sampled_from(CLOCKS))
def test_a_first_promise_is_the_deadline_without_pauses(
    received_at: datetime, clock: Clock
) -> None:
    due = deadline(clock.rule, received_at, (), clock.calendar)
    promise = clock.first_promise(received_at)
    assert due is not None
    assert promise is not None
    assert promise.due_at == due.due_at


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_minute_before_and_after_the_last_moment_give_different_promises(clock: Clock) -> None:
    closing = datetime.combine(
        datetime(2026, 3, 4, tzinfo=CALENDAR.zone), clock.rule.last_moment, CALENDAR.zone
    )
    for moment in (closing, closing + timedelta(minutes=1), closing - timedelta(minutes=1)):
        due = deadline(clock.rule, moment, (), clock.calendar)
        promise = clock.first_promise(moment)
        assert due is not None
        assert promise is not None
        assert promise.due_at == due.due_at


def test_without_a_processing_time_nothing_is_promised() -> None:
    assert (
        Clock(TimeRule(time=None), CALENDAR).first_promise(datetime(2026, 3, 4, tzinfo=UTC)) is None
    )
