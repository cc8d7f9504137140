"""The calculation steps that explain a due date."""

import json
from datetime import date

import pytest

from tests.domain.deadlines.deadline_spec import (
    DECIDED,
    FEE,
    PAPERS,
    at,
    calendar_days,
    days,
    pause,
    steps,
)
from tracker.domain.deadlines.calculation_steps import CalculationStep, StepKind, StepUnit, StepWhy
from tracker.domain.deadlines.time_rules import (
    Pause,
    PausePolicy,
)


def test_the_calculation_steps_explain_the_whole_date_in_order() -> None:
    waited = Pause(PAPERS, " birth certificate ", at(1, 5), at(1, 6), "form 02")
    nameless = Pause(FEE, "", at(1, 6), at(1, 7))
    assert steps(days(2), at(1, 1, 9), [nameless, waited]) == (
        CalculationStep(StepKind.RECEIVED, at=at(1, 1, 9)),
        CalculationStep(
            StepKind.COUNTED_FROM, at=at(1, 5, 7), why=StepWhy.DAY_OFF, name="Tết Dương lịch"
        ),
        CalculationStep(StepKind.TIME, amount=2, unit=StepUnit.WORKING_DAYS),
        CalculationStep(
            StepKind.PAUSE,
            amount=1,
            unit=StepUnit.WORKING_DAYS,
            pause_kind=PAPERS,
            reason="birth certificate",
            basis="form 02",
            started_at=at(1, 5),
            ended_at=at(1, 6),
        ),
        CalculationStep(
            StepKind.PAUSE_IGNORED,
            why=StepWhy.NO_REASON,
            pause_kind=FEE,
            started_at=at(1, 6),
            ended_at=at(1, 7),
        ),
        CalculationStep(StepKind.DUE, at=at(1, 8, 17)),
    )


def test_days_off_within_the_period_are_ranges_with_their_citation() -> None:
    calculation_steps = steps(days(1), at(12, 31, year=2025))
    off = [step for step in calculation_steps if step.kind is StepKind.DAYS_OFF]
    dash = "\N{EN DASH}"
    assert off == [
        CalculationStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 1),
            to_on=date(2026, 1, 1),
            why=StepWhy.HOLIDAY,
            name="Tết Dương lịch",
        ),
        CalculationStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 2),
            to_on=date(2026, 1, 2),
            why=StepWhy.CHANGE,
            name="off",
            citation="swap",
            decided_on=DECIDED,
        ),
        CalculationStep(
            StepKind.DAYS_OFF,
            from_on=date(2026, 1, 3),
            to_on=date(2026, 1, 4),
            why=StepWhy.WEEKEND,
            name=f"Thứ Bảy {dash} Chủ nhật",
        ),
    ]


def test_a_worked_saturday_within_the_period_has_its_citation() -> None:
    assert steps(days(5), at(1, 5))[2] == CalculationStep(
        StepKind.WORKED_DAY,
        from_on=date(2026, 1, 10),
        to_on=date(2026, 1, 10),
        why=StepWhy.CHANGE,
        name="on",
        citation="swap",
        decided_on=DECIDED,
    )


def test_calendar_days_list_only_the_days_off_they_moved_over() -> None:
    calculation_steps = steps(calendar_days(12), at(1, 12))
    assert [step.kind for step in calculation_steps] == [
        StepKind.RECEIVED,
        StepKind.TIME,
        StepKind.DAYS_OFF,
        StepKind.MOVED_TO_WORKING_DAY,
        StepKind.DUE,
    ]
    assert (calculation_steps[2].from_on, calculation_steps[2].to_on) == (
        date(2026, 1, 24),
        date(2026, 1, 25),
    )
    assert (calculation_steps[3].from_on, calculation_steps[3].to_on) == (
        date(2026, 1, 24),
        date(2026, 1, 26),
    )


def test_a_restart_follows_its_pause_and_only_days_off_after_it_are_listed() -> None:
    calculation_steps = steps(
        days(5, PausePolicy.RESTART), at(1, 15), [pause(at(1, 16), at(1, 20, 18))]
    )
    assert [step.kind for step in calculation_steps] == [
        StepKind.RECEIVED,
        StepKind.TIME,
        StepKind.PAUSE,
        StepKind.RESTARTED,
        StepKind.COUNTED_FROM,
        StepKind.DAYS_OFF,
        StepKind.DUE,
    ]
    assert (calculation_steps[5].from_on, calculation_steps[5].to_on) == (
        date(2026, 1, 24),
        date(2026, 1, 25),
    )


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
def test_an_ignored_pause_has_a_reason(ignored: Pause, why: StepWhy) -> None:
    calculation_steps = [step for step in steps(days(5), at(1, 15), [ignored]) if step.pause_kind]
    assert [(step.kind, step.why) for step in calculation_steps] == [(StepKind.PAUSE_IGNORED, why)]


def test_a_step_in_json_holds_only_what_is_filled_as_plain_text_and_numbers() -> None:
    calculation_steps = steps(days(0), at(1, 5), [pause(at(1, 5, 10), at(1, 5, 11))])
    assert json.loads(json.dumps([step.as_json() for step in calculation_steps])) == [
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
    assert all(
        type(value) in {str, int} for step in calculation_steps for value in step.as_json().values()
    )
