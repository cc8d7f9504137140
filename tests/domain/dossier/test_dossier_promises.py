"""The promise ledger: every promise stays; pauses and extensions add to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tests.domain.dossier.dossier_stages import READY, TAKEN_IN, bring, ledger
from tests.domain.dossier_spec import (
    CLERK,
    INTAKE,
    PAPER,
    SEALED,
    EventBuilder,
    asked,
    at,
    brought,
    clock,
    dossier_of,
    due,
    extended,
    fee_asked,
    fee_paid,
    given,
    given_date,
    received,
    resumed,
    stamp,
    stopped,
)
from tracker.domain.deadlines.time_rules import PausePolicy, TimeUnit
from tracker.domain.dossier.dossier import (
    DateNotLaterError,
    Dossier,
    DueTooSoonError,
)
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Promise,
)


def test_every_promise_stays_in_the_ledger() -> None:
    story = (*TAKEN_IN, asked(at(3)), brought(at(5), due(11)), extended(at(10), given_date(20)))
    assert dossier_of(*story).ledger == ledger(
        (Step.RECEIVED, at(2), due(9)),
        (Step.SUPPLEMENT_RECEIVED, at(5), due(11)),
        (Step.PROMISE_EXTENDED, at(10), given_date(20)),
    )
    assert dossier_of(*story).promise == given_date(20)


def test_a_dossier_handed_in_after_closing_counts_from_the_next_morning() -> None:
    given().when(
        lambda d: d.receive(stamp(at(2, 18), CLERK), clock=clock(), given=None, **INTAKE)
    ).then(received(at(2, 18), due(10)))


def test_a_procedure_without_a_time_promises_nothing() -> None:
    given().when(
        lambda d: d.receive(stamp(at(2), CLERK), clock=clock(None), given=None, **INTAKE)
    ).then(received(at(2), None))


def test_without_a_promise_a_pause_brings_none() -> None:
    given(received(at(2), None), asked(at(3))).when(bring(at(5), amount=None)).then(brought(at(5)))


def test_a_pause_over_a_weekend_moves_the_promise_by_working_days_only() -> None:
    given(*TAKEN_IN, asked(at(6))).when(bring(at(9))).then(brought(at(9), due(10)))


def test_a_pause_within_one_day_moves_nothing() -> None:
    given(*TAKEN_IN, asked(at(3, 8))).when(bring(at(3, 16))).then(brought(at(3, 16)))


def test_repeated_requests_for_papers_each_move_the_promise_and_none_makes_it_overdue() -> None:
    story: tuple[EventBuilder, ...] = TAKEN_IN
    for start, end, promise in ((3, 5, due(11)), (9, 11, due(13)), (12, 17, due(18))):
        dossier = (
            given(*story, asked(at(start))).when(bring(at(end))).then(brought(at(end), promise))
        )
        assert dossier.promise is not None
        assert dossier.promise.due_at > at(end)
        story = (*story, asked(at(start)), brought(at(end), promise))


def test_papers_asked_for_again_before_they_came_count_as_one_pause() -> None:
    given(*TAKEN_IN, asked(at(3)), asked(at(4))).when(bring(at(5))).then(brought(at(5), due(11)))


def test_overlapping_pauses_are_deducted_once_and_only_when_the_last_has_ended() -> None:
    overlapping = (*TAKEN_IN, asked(at(3)), fee_asked(at(4)))
    given(*overlapping).when(bring(at(5))).then(brought(at(5)))
    given(*overlapping, brought(at(5))).when(
        lambda d: d.pay_fee(stamp(at(6), CLERK), amount=50_000, reference="FT-1", clock=clock())
    ).then(fee_paid(at(6), due(12)))


def test_a_fee_paid_without_a_request_moves_nothing() -> None:
    given(*TAKEN_IN).when(
        lambda d: d.pay_fee(stamp(at(6), CLERK), amount=50_000, reference="FT-1", clock=clock())
    ).then(fee_paid(at(6)))


def test_resuming_counts_every_pause_up_to_that_moment() -> None:
    given(*TAKEN_IN, asked(at(3)), stopped(at(4))).when(
        lambda d: d.resume(stamp(at(6)), reason=None, clock=clock())
    ).then(resumed(at(6), due(12)))


def test_a_pause_that_began_after_the_promise_broke_does_not_mend_it() -> None:
    given(*TAKEN_IN, asked(at(10))).when(bring(at(13))).then(brought(at(13)))


def test_a_locked_promise_stays_whatever_is_asked() -> None:
    given(*TAKEN_IN, asked(at(3))).when(bring(at(6), policy=PausePolicy.LOCK)).then(brought(at(6)))


def test_under_restart_the_whole_time_begins_again_with_the_papers() -> None:
    given(*TAKEN_IN, asked(at(3))).when(bring(at(6), policy=PausePolicy.RESTART)).then(
        brought(at(6), due(13))
    )


def test_a_time_in_hours_is_moved_by_office_hours() -> None:
    # 12 hours from Monday 9:00: six on Monday, six on Tuesday until 15:00.
    hours = Promise(at(3, 15), "12 working_hours", clock().calendar.version)
    given(received(at(2, 9), hours), asked(at(3, 8))).when(
        bring(at(3, 9), amount=12, unit=TimeUnit.WORKING_HOURS)
    ).then(brought(at(3, 9), replace(hours, due_at=at(3, 16))))


def test_papers_cannot_be_due_before_they_are_asked_for() -> None:
    def ask(papers_due_at: datetime) -> Callable[[Dossier], None]:
        return lambda d: d.ask_supplement(
            stamp(at(3)), papers=(PAPER,), reason=SEALED, basis="b", papers_due_at=papers_due_at
        )

    for too_soon in (at(2, 17), at(3)):
        given(*TAKEN_IN).when(ask(too_soon)).then_refused(DueTooSoonError)
    given(*TAKEN_IN).when(ask(at(9, 17))).then(asked(at(3), at(9, 17)))


def test_a_fee_cannot_be_due_before_it_is_asked_for() -> None:
    def ask(fee_due_at: datetime | None) -> Callable[[Dossier], None]:
        return lambda d: d.ask_fee(
            stamp(at(3)), amount=50_000, reason=SEALED, basis="b", fee_due_at=fee_due_at
        )

    for too_soon in (at(2, 17), at(3)):
        given(*TAKEN_IN).when(ask(too_soon)).then_refused(DueTooSoonError)
    given(*TAKEN_IN).when(ask(at(9, 17))).then(fee_asked(at(3), at(9, 17)))
    given(*TAKEN_IN).when(ask(None)).then(fee_asked(at(3)))


def test_an_extension_must_lie_after_the_promise_it_moves_and_after_today() -> None:
    def extend(due_at: datetime) -> Callable[[Dossier], None]:
        return lambda d: d.extend_promise(
            stamp(at(13)), due_at=due_at, reason=SEALED, basis="b", signer="s"
        )

    given(*TAKEN_IN).when(extend(at(9, 17))).then_refused(DateNotLaterError)
    given(*TAKEN_IN).when(extend(at(12, 17))).then_refused(DateNotLaterError)
    given(*TAKEN_IN).when(extend(at(13, 17))).then(extended(at(13), given_date(13)))


def test_an_extension_may_give_a_first_promise_where_there_was_none() -> None:
    given(received(at(2), None)).when(
        lambda d: d.extend_promise(
            stamp(at(3)), due_at=at(20, 17), reason=SEALED, basis="b", signer="s"
        )
    ).then(extended(at(3), given_date(20)))


def test_after_an_extension_a_pause_moves_the_extended_date() -> None:
    given(*TAKEN_IN, extended(at(4), given_date(20)), asked(at(16))).when(bring(at(18))).then(
        brought(at(18), due(24))
    )


def test_a_pause_already_under_way_when_the_date_was_extended_counts_from_then_only() -> None:
    given(*TAKEN_IN, asked(at(3)), extended(at(5), given_date(20))).when(bring(at(6))).then(
        brought(at(6), due(23))
    )


def test_a_date_given_on_a_slip_is_kept_and_moved_by_a_pause() -> None:
    given().when(
        lambda d: d.receive(stamp(at(2), CLERK), clock=clock(), given=given_date(6), **INTAKE)
    ).then(received(at(2), given_date(6)))
    given(received(at(2), given_date(6)), asked(at(3))).when(bring(at(5))).then(
        brought(at(5), due(10))
    )


def test_restarting_never_makes_a_date_given_on_a_slip_earlier() -> None:
    given(received(at(2), given_date(30)), asked(at(3))).when(
        bring(at(5), policy=PausePolicy.RESTART)
    ).then(brought(at(5)))


def test_after_the_decision_no_promise_is_made_any_more() -> None:
    given(*READY).when(
        lambda d: d.pay_fee(stamp(at(6), CLERK), amount=50_000, reference="FT-1", clock=clock())
    ).then(fee_paid(at(6)))
