"""The life cycle of a dossier, compared with a table of the national statuses."""

from datetime import datetime

import pytest

from tests.domain.dossier_spec import at
from tracker.domain.deadlines.time_rules import Pause, PauseKind
from tracker.domain.dossier.clock import OpenPauses
from tracker.domain.dossier.lifecycle import STEPS, Progress, PublicStatus, Stage, Step

ALWAYS = {
    "complained",
    "corrected",
    "notices_agreed",
    "notices_stopped",
    "personal_data_erased",
}
AT_WORK = {
    "forwarded",
    "internal_step_taken",
    "supplement_asked",
    "fee_asked",
    "fee_paid",
    "stopped",
    "withdrawn",
    "promise_extended",
}
READY = {
    "internal_step_taken",
    "fee_paid",
    "handed_to_carrier",
    "carrier_scanned",
    "collected",
    "delivered_electronically",
}
OUT = {
    "internal_step_taken",
    "fee_paid",
    "carrier_scanned",
    "delivered",
    "delivery_failed",
    "returned_to_office",
    "delivered_electronically",
}
ALLOWED: dict[str | None, set[str]] = {
    None: {"submitted", "received"},
    "submitted": ALWAYS | {"received", "refused", "withdrawn"},
    "received": ALWAYS | AT_WORK | {"refused", "processing_started", "decided"},
    "refused": ALWAYS | {"rated"},
    "processing": ALWAYS | AT_WORK | {"decided"},
    "waiting_for_papers": ALWAYS | AT_WORK | {"supplement_received", "resumed"},
    "waiting_for_fee": ALWAYS | AT_WORK | {"resumed"},
    "stopped": ALWAYS | AT_WORK | {"resumed"},
    "withdrawn": ALWAYS | {"rated"},
    "decided": ALWAYS | READY,
    "with_carrier": ALWAYS | OUT,
    "delivery_failed": ALWAYS | OUT | {"handed_to_carrier", "collected"},
    "back_at_office": ALWAYS | READY,
    "returned": ALWAYS | {"internal_step_taken", "fee_paid", "carrier_scanned", "rated"},
}
LEADS_TO = {
    "submitted": "submitted",
    "received": "received",
    "refused": "refused",
    "processing_started": "processing",
    "supplement_asked": "waiting_for_papers",
    "fee_asked": "waiting_for_fee",
    "stopped": "stopped",
    "withdrawn": "withdrawn",
    "decided": "decided",
    "handed_to_carrier": "with_carrier",
    "delivered": "returned",
    "delivery_failed": "delivery_failed",
    "returned_to_office": "back_at_office",
    "collected": "returned",
    "delivered_electronically": "returned",
}
STAYS = {
    "forwarded",
    "internal_step_taken",
    "promise_extended",
    "carrier_scanned",
    "rated",
    "complained",
    "corrected",
    "notices_agreed",
    "notices_stopped",
    "personal_data_erased",
}
STATUS = {
    "submitted": 1,
    "received": 2,
    "refused": 3,
    "processing": 4,
    "waiting_for_papers": 5,
    "waiting_for_fee": 6,
    "withdrawn": 7,
    "stopped": 8,
    "decided": 9,
    "with_carrier": 9,
    "delivery_failed": 9,
    "back_at_office": 9,
    "returned": 10,
}
PAUSED = {
    "waiting_for_papers": PauseKind.SUPPLEMENT,
    "waiting_for_fee": PauseKind.FEE,
    "stopped": PauseKind.STOP,
}
NATIONAL = {
    1: "SUBMITTED",
    2: "RECEIVED",
    3: "NOT_RECEIVED",
    4: "PROCESSING",
    5: "PAPERS_ASKED",
    6: "FEE_ASKED",
    7: "WITHDRAWN",
    8: "STOPPED",
    9: "DECIDED",
    10: "RETURNED",
}


def progress_at(stage: str | None) -> Progress:
    if stage is None:
        return Progress()
    if stage in PAUSED:
        return Progress(Stage.PROCESSING, frozenset({PAUSED[stage]}))
    return Progress(Stage(stage))


def after(*steps: Step) -> Progress:
    progress = Progress()
    for step in steps:
        assert progress.allows(step)
        progress = progress.after(step)
    return progress


def test_the_table_written_here_speaks_of_every_stage_and_every_step() -> None:
    assert set(ALLOWED) == {None, *(stage.value for stage in Stage)}
    assert {step.value for step in Step} == set().union(*ALLOWED.values())
    assert set(STEPS) == set(Step)


@pytest.mark.parametrize("stage", ALLOWED, ids=str)
@pytest.mark.parametrize("step", list(Step))
def test_a_step_may_follow_a_stage_only_if_the_table_allows_it(
    stage: str | None, step: Step
) -> None:
    assert progress_at(stage).allows(step) is (step.value in ALLOWED[stage])


@pytest.mark.parametrize("stage", ALLOWED, ids=str)
def test_the_steps_offered_are_those_that_are_allowed(stage: str | None) -> None:
    assert {step.value for step in progress_at(stage).allowed()} == ALLOWED[stage]


@pytest.mark.parametrize("step", LEADS_TO)
def test_a_step_leads_to_its_stage_from_wherever_it_is_allowed(step: str) -> None:
    from_stages = [stage for stage, steps in ALLOWED.items() if step in steps]
    for stage in from_stages:
        shown = progress_at(stage).after(Step(step))
        if stage in PAUSED and step in {"supplement_asked", "fee_asked", "stopped"}:
            assert shown.underneath is Stage.PROCESSING
            continue
        assert shown.stage == LEADS_TO[step]


@pytest.mark.parametrize("step", sorted(STAYS))
def test_a_step_that_changes_nothing_leaves_the_stage(step: str) -> None:
    for stage, steps in ALLOWED.items():
        if step in steps:
            assert progress_at(stage).after(Step(step)) == progress_at(stage)


def test_every_stage_has_one_national_status_and_all_ten_are_used() -> None:
    assert {stage.value: int(progress_at(stage.value).status or 0) for stage in Stage} == STATUS
    assert {int(status): status.name for status in PublicStatus} == NATIONAL
    assert set(STATUS.values()) == set(NATIONAL)


def test_a_dossier_that_does_not_exist_has_no_status() -> None:
    assert Progress().status is None


def test_decided_is_not_yet_returned() -> None:
    ready = after(Step.RECEIVED, Step.DECIDED)
    assert (ready.status, ready.after(Step.COLLECTED).status) == (9, 10)


def test_of_two_open_pauses_the_more_important_one_is_shown() -> None:
    both = after(Step.RECEIVED, Step.FEE_ASKED, Step.SUPPLEMENT_ASKED)
    assert both.stage is Stage.WAITING_FOR_PAPERS
    assert both.after(Step.STOPPED).stage is Stage.STOPPED


def test_the_end_of_one_pause_does_not_end_the_other() -> None:
    both = after(Step.RECEIVED, Step.SUPPLEMENT_ASKED, Step.FEE_ASKED)
    progress = both.after(Step.SUPPLEMENT_RECEIVED)
    assert progress == Progress(Stage.RECEIVED, frozenset({PauseKind.FEE}))
    assert progress.stage is Stage.WAITING_FOR_FEE
    assert progress.after(Step.FEE_PAID) == Progress(Stage.RECEIVED)


def test_papers_may_come_while_the_dossier_is_stopped_if_they_were_asked() -> None:
    stopped = after(Step.RECEIVED, Step.SUPPLEMENT_ASKED, Step.STOPPED)
    assert stopped.allows(Step.SUPPLEMENT_RECEIVED)
    assert not after(Step.RECEIVED, Step.STOPPED).allows(Step.SUPPLEMENT_RECEIVED)


def test_resuming_ends_every_pause_and_goes_back_to_where_it_was() -> None:
    all_three = after(
        Step.RECEIVED,
        Step.PROCESSING_STARTED,
        Step.SUPPLEMENT_ASKED,
        Step.FEE_ASKED,
        Step.STOPPED,
    )
    assert all_three.after(Step.RESUMED) == Progress(Stage.PROCESSING)


def test_withdrawing_ends_every_pause() -> None:
    paused = after(Step.RECEIVED, Step.SUPPLEMENT_ASKED, Step.FEE_ASKED)
    assert paused.after(Step.WITHDRAWN) == Progress(Stage.WITHDRAWN)


def test_a_paused_dossier_cannot_be_decided_or_refused() -> None:
    for step in (Step.SUPPLEMENT_ASKED, Step.FEE_ASKED, Step.STOPPED):
        assert not after(Step.RECEIVED, step).allows(Step.DECIDED)
        assert not after(Step.RECEIVED, step).allows(Step.REFUSED)


def test_in_a_cut_history_a_pause_without_its_end_does_not_hide_that_all_is_over() -> None:
    asked = after(Step.RECEIVED, Step.SUPPLEMENT_ASKED)
    for step in (Step.DECIDED, Step.REFUSED, Step.COLLECTED):
        assert asked.after(step).stage == LEADS_TO[step.value]


# the pauses with their times


def pauses(*steps: tuple[Step, datetime]) -> OpenPauses:
    open_pauses = OpenPauses()
    for step, moment in steps:
        open_pauses = open_pauses.after(step, moment)
    return open_pauses


def test_asking_twice_is_one_pause_from_the_first_asking() -> None:
    open_pauses = pauses(
        (Step.SUPPLEMENT_ASKED, at(3)),
        (Step.SUPPLEMENT_ASKED, at(5)),
        (Step.SUPPLEMENT_RECEIVED, at(6)),
    )
    assert open_pauses == OpenPauses(
        {}, (Pause(PauseKind.SUPPLEMENT, "supplement", at(3), at(6)),), None
    )


def test_a_second_pause_does_not_overwrite_the_first() -> None:
    open_pauses = pauses(
        (Step.SUPPLEMENT_ASKED, at(3)),
        (Step.SUPPLEMENT_RECEIVED, at(4)),
        (Step.SUPPLEMENT_ASKED, at(9)),
        (Step.SUPPLEMENT_RECEIVED, at(10)),
    )
    assert open_pauses.ended == (
        Pause(PauseKind.SUPPLEMENT, "supplement", at(3), at(4)),
        Pause(PauseKind.SUPPLEMENT, "supplement", at(9), at(10)),
    )


def test_overlapping_pauses_keep_each_its_own_ends() -> None:
    open_pauses = pauses(
        (Step.SUPPLEMENT_ASKED, at(3)),
        (Step.FEE_ASKED, at(4)),
        (Step.SUPPLEMENT_RECEIVED, at(5)),
    )
    assert open_pauses == OpenPauses(
        {PauseKind.FEE: at(4)},
        (Pause(PauseKind.SUPPLEMENT, "supplement", at(3), at(5)),),
        at(3),
    )
    assert open_pauses.all() == (*open_pauses.ended, Pause(PauseKind.FEE, "fee", at(4), None))


def test_the_clock_stops_at_the_first_of_overlapping_pauses() -> None:
    overlapping = pauses((Step.SUPPLEMENT_ASKED, at(3)), (Step.FEE_ASKED, at(4)))
    assert overlapping.started_at == at(3)
    assert overlapping.after(Step.SUPPLEMENT_RECEIVED, at(5)).started_at == at(3)
    again = overlapping.after(Step.RESUMED, at(6)).after(Step.STOPPED, at(9))
    assert again.started_at == at(9)


def test_a_pause_reported_late_stops_the_clock_from_when_it_began() -> None:
    assert pauses((Step.FEE_ASKED, at(5)), (Step.SUPPLEMENT_ASKED, at(3))).started_at == at(3)


def test_resuming_ends_every_open_pause_at_one_moment() -> None:
    open_pauses = pauses(
        (Step.SUPPLEMENT_ASKED, at(3)), (Step.STOPPED, at(4)), (Step.RESUMED, at(6))
    )
    assert not open_pauses.are_open
    assert set(open_pauses.ended) == {
        Pause(PauseKind.SUPPLEMENT, "supplement", at(3), at(6)),
        Pause(PauseKind.STOP, "stop", at(4), at(6)),
    }
