"""A pause moves a deadline according to the policy of the rule."""

from tests.domain.deadlines.deadline_spec import (
    CALENDAR,
    FEE,
    PAPERS,
    STOP,
    at,
    calendar_days,
    days,
    due,
    hours,
    pause,
    steps,
)
from tracker.domain.deadlines.calculation_steps import StepKind, StepUnit
from tracker.domain.deadlines.deadlines import moved
from tracker.domain.deadlines.time_rules import (
    Pause,
    PausePolicy,
    TimeRule,
)

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
    calculation_steps = steps(days(5), at(1, 15), [across, inside, first])
    assert [
        (step.pause_kind, step.amount) for step in calculation_steps if step.kind is StepKind.PAUSE
    ] == [
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
    calculation_steps = steps(hours(4), at(1, 16, 15), [waited])
    assert [
        (step.amount, step.unit) for step in calculation_steps if step.kind is StepKind.PAUSE
    ] == [(150, StepUnit.WORKING_MINUTES)]


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


def test_under_restart_the_whole_time_counts_again_from_the_latest_end() -> None:
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


# a given date


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
