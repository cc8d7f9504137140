"""One dossier: given what has happened, when a step is asked for, then events or an error."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.domain.dossier_spec import (
    ADMINISTRATOR,
    BY_SMS,
    CLERK,
    CODE,
    DECIDER,
    HEARD,
    INTAKE,
    OFFICES,
    PAPER,
    PARCEL,
    PORTAL,
    POSTMAN,
    SEALED,
    Given,
    Told,
    agreed,
    asked,
    at,
    brought,
    clock,
    decided,
    delivered,
    dossier_of,
    due,
    extended,
    fee_asked,
    fee_paid,
    given,
    given_date,
    handed,
    in_order,
    pending,
    received,
    resumed,
    scanned,
    stamp,
    stopped,
    submitted,
    told,
)
from tracker.domain.deadlines.time_rules import PausePolicy, TimeUnit
from tracker.domain.dossier.clock import LedgerEntry
from tracker.domain.dossier.dossier import (
    DateNotLaterError,
    Dossier,
    DueTooSoonError,
    NoSuchEventError,
    SameOfficeError,
)
from tracker.domain.dossier.events.citizen import Complained, NoticesStopped, Rated
from tracker.domain.dossier.events.delivery import (
    Collected,
    DeliveredElectronically,
    DeliveryFailed,
    ReturnedToOffice,
)
from tracker.domain.dossier.events.intake import Refused
from tracker.domain.dossier.events.processing import (
    Forwarded,
    InternalStepTaken,
    ProcessingStarted,
    Withdrawn,
)
from tracker.domain.dossier.events.records import Corrected, PersonalDataErased
from tracker.domain.dossier.lifecycle import Stage, Step
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.state import BrokenHistoryError
from tracker.domain.dossier.values import (
    Correctable,
    FutureTimeError,
    NaiveTimeError,
    NoticeChannel,
    NoticeLanguage,
    Notices,
    Offices,
    Outcome,
    Promise,
    Sealed,
    Stamp,
    WayOfReturn,
)
from tracker.domain.errors import NotAllowedError

NEW_APPLICANT = Sealed("bmV3")
TAKEN_IN = (received(at(2), due(9)),)
READY = (*TAKEN_IN, decided(at(4)))
POSTED = (*READY, handed(at(5)))
BACK = (*POSTED, told(ReturnedToOffice, at(9), POSTMAN))
HOME = (*POSTED, delivered(at(6)))


# every step once


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        pytest.param(
            (),
            lambda d: d.submit(stamp(at(2), PORTAL), **INTAKE),
            (submitted(at(2)),),
            id="submit",
        ),
        pytest.param(
            (),
            lambda d: d.receive(stamp(at(2), CLERK), clock=clock(), given=None, **INTAKE),
            (received(at(2), due(9)),),
            id="receive",
        ),
        pytest.param(
            (submitted(at(2)),),
            lambda d: d.receive(stamp(at(3), CLERK), clock=clock(), given=None, **INTAKE),
            (received(at(3), due(10)),),
            id="receive what was submitted",
        ),
        pytest.param(
            (submitted(at(2)),),
            lambda d: d.refuse(stamp(at(3), CLERK), reason=SEALED, basis="b"),
            (told(Refused, at(3), CLERK, reason=SEALED, basis="b"),),
            id="refuse",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.forward(stamp(at(3)), to_office="SO-YTE", reason=SEALED),
            (told(Forwarded, at(3), to_office="SO-YTE", reason=SEALED),),
            id="forward",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.start_processing(stamp(at(3))),
            (told(ProcessingStarted, at(3)),),
            id="start_processing",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.take_internal_step(stamp(at(3)), name="n", clerk="c", unit="u"),
            (told(InternalStepTaken, at(3), name="n", clerk="c", unit="u"),),
            id="take_internal_step",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.ask_supplement(stamp(at(3)), papers=(PAPER,), reason=SEALED, basis="b"),
            (asked(at(3)),),
            id="ask_supplement",
        ),
        pytest.param(
            (*TAKEN_IN, asked(at(3))),
            lambda d: d.receive_supplement(stamp(at(4), CLERK), papers=(PAPER,), clock=clock()),
            (brought(at(4), due(10)),),
            id="receive_supplement",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.ask_fee(stamp(at(3)), amount=50_000, reason=SEALED, basis="b"),
            (fee_asked(at(3)),),
            id="ask_fee",
        ),
        pytest.param(
            (*TAKEN_IN, fee_asked(at(3))),
            lambda d: d.pay_fee(
                stamp(at(4), CLERK), amount=50_000, reference="FT-1", clock=clock()
            ),
            (fee_paid(at(4), due(10)),),
            id="pay_fee",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.stop(stamp(at(3)), reason=SEALED, basis="b"),
            (stopped(at(3)),),
            id="stop",
        ),
        pytest.param(
            (*TAKEN_IN, stopped(at(3))),
            lambda d: d.resume(stamp(at(4)), reason=None, clock=clock()),
            (resumed(at(4), due(10)),),
            id="resume",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.withdraw(stamp(at(3), PORTAL), reason=SEALED),
            (told(Withdrawn, at(3), PORTAL, reason=SEALED),),
            id="withdraw",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.extend_promise(
                stamp(at(3)), due_at=at(20, 17), reason=SEALED, basis="b", signer="s"
            ),
            (extended(at(3), given_date(20)),),
            id="extend_promise",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.decide(stamp(at(4)), outcome=Outcome.GRANTED, reason=None, document="d"),
            (decided(at(4)),),
            id="decide",
        ),
        pytest.param(
            READY,
            lambda d: d.hand_to_carrier(stamp(at(5), CLERK), carrier="VNPOST", number=PARCEL),
            (handed(at(5)),),
            id="hand_to_carrier",
        ),
        pytest.param(
            POSTED,
            lambda d: d.scan(
                stamp(at(6), POSTMAN), number=PARCEL, scan="EMB", whereabouts=None, raw=None
            ),
            (scanned(at(6), "EMB", "moving"),),
            id="scan",
        ),
        pytest.param(
            POSTED,
            lambda d: d.deliver(stamp(at(6), POSTMAN)),
            (delivered(at(6)),),
            id="deliver",
        ),
        pytest.param(
            POSTED,
            lambda d: d.fail_delivery(stamp(at(6), POSTMAN), reason=SEALED),
            (told(DeliveryFailed, at(6), POSTMAN, reason=SEALED),),
            id="fail_delivery",
        ),
        pytest.param(
            POSTED,
            lambda d: d.return_to_office(stamp(at(9), POSTMAN)),
            (told(ReturnedToOffice, at(9), POSTMAN),),
            id="return_to_office",
        ),
        pytest.param(
            READY,
            lambda d: d.collect(stamp(at(5), CLERK), at_office="CN05"),
            (told(Collected, at(5), CLERK, at_office="CN05"),),
            id="collect",
        ),
        pytest.param(
            READY,
            lambda d: d.deliver_electronically(stamp(at(5), PORTAL)),
            (told(DeliveredElectronically, at(5), PORTAL),),
            id="deliver_electronically",
        ),
        pytest.param(
            HOME,
            lambda d: d.rate(stamp(at(9), PORTAL), score=5, reason=None),
            (told(Rated, at(9), PORTAL, score=5, reason=None),),
            id="rate",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.complain(stamp(at(9), PORTAL), text=SEALED),
            (told(Complained, at(9), PORTAL, text=SEALED),),
            id="complain",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.correct(
                stamp(at(3), CLERK),
                corrects=1,
                what=Correctable.WAY_OF_RETURN,
                value="collect",
                sealed=None,
                reason=SEALED,
            ),
            (
                told(
                    Corrected,
                    at(3),
                    CLERK,
                    corrects=1,
                    what=Correctable.WAY_OF_RETURN,
                    value="collect",
                    sealed=None,
                    reason=SEALED,
                ),
            ),
            id="correct",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.agree_to_notices(stamp(at(3), CLERK), **BY_SMS),
            (agreed(at(3)),),
            id="agree_to_notices",
        ),
        pytest.param(
            (*TAKEN_IN, agreed(at(3))),
            lambda d: d.stop_notices(stamp(at(4), CLERK)),
            (told(NoticesStopped, at(4), CLERK),),
            id="stop_notices",
        ),
        pytest.param(
            TAKEN_IN,
            lambda d: d.erase_personal_data(stamp(at(9), ADMINISTRATOR), basis="law 91"),
            (told(PersonalDataErased, at(9), ADMINISTRATOR, basis="law 91"),),
            id="erase_personal_data",
        ),
    ],
)
def test_a_step_leads_to_just_its_event(
    before: tuple[Told, ...], step: Callable[[Dossier], None], after: tuple[Told, ...]
) -> None:
    dossier = given(*before).when(step).then(*after)
    again = Dossier.replay(None, [*in_order(*before), *pending(dossier)])
    assert again is not None
    assert _all_of(again) == _all_of(dossier)


def _all_of(dossier: Dossier) -> dict[str, object]:
    return {name: value for name, value in vars(dossier).items() if name != "_pending_events"}


def test_the_cases_above_speak_of_every_step() -> None:
    cases = test_a_step_leads_to_just_its_event.pytestmark[0].args[1]  # type: ignore[attr-defined]
    steps = {one(1).step for case in cases for one in case.values[2]}
    assert steps == set(Step)


@pytest.mark.parametrize("case", list(range(25)))
def test_no_step_is_taken_by_an_auditor(case: int) -> None:
    step = list(Step)[case]
    auditor = replace(DECIDER, role=type(DECIDER.role)("auditor"))
    refused = _any_step(given(*TAKEN_IN), step, auditor)
    assert refused is NotAllowedError


def _any_step(start: Given, step: Step, by: object) -> type[Exception] | None:
    try:
        start.dossier._check(step, stamp(at(3), by))  # type: ignore[arg-type]
    except (NotAllowedError, StepNotAllowedError) as error:
        return type(error)
    return None


# two at once


def test_the_second_of_two_approvals_is_refused_and_told_where_the_dossier_stands() -> None:
    attempt = given(*READY).when(
        lambda d: d.decide(stamp(at(5)), outcome=Outcome.REFUSED, reason=None, document="x")
    )
    attempt.then_refused(StepNotAllowedError, "The dossier is at decided: decided cannot follow.")
    assert isinstance(attempt.error, StepNotAllowedError)
    assert (attempt.error.step, attempt.error.stage, attempt.error.version) == (
        Step.DECIDED,
        Stage.DECIDED,
        2,
    )


def test_a_step_on_a_dossier_that_does_not_exist_is_refused_in_plain_words() -> None:
    nothing = Given(Dossier.new(CODE))
    nothing.when(lambda d: d.complain(stamp(at(2), PORTAL), text=SEALED)).then_refused(
        StepNotAllowedError, "There is no such dossier yet: complained cannot follow."
    )


def test_a_dossier_is_not_taken_in_twice() -> None:
    given(*TAKEN_IN).when(
        lambda d: d.receive(stamp(at(3), CLERK), clock=clock(), given=None, **INTAKE)
    ).then_refused(StepNotAllowedError)


def test_only_the_deciding_office_decides_and_after_forwarding_only_the_next_one() -> None:
    def decide(d: Dossier) -> None:
        d.decide(stamp(at(4)), outcome=Outcome.GRANTED, reason=None, document="d")

    forwarded = told(Forwarded, at(3), to_office="SO-YTE", reason=None)
    given(*TAKEN_IN, forwarded).when(decide).then_refused(
        NotAllowedError, "Only SO-YTE may do this: decided."
    )


def test_a_dossier_is_not_forwarded_to_where_it_is() -> None:
    given(*TAKEN_IN).when(
        lambda d: d.forward(stamp(at(3)), to_office="SO-TUPHAP", reason=None)
    ).then_refused(SameOfficeError)


# times


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTimeError):
        stamp(at(2).replace(tzinfo=None))
    with pytest.raises(NaiveTimeError):
        stamp(at(2), heard=HEARD.replace(tzinfo=None))


def test_a_device_may_run_five_minutes_ahead_and_no_more() -> None:
    stamp(HEARD + timedelta(minutes=5))
    with pytest.raises(FutureTimeError):
        stamp(HEARD + timedelta(minutes=5, microseconds=1))


# the promise ledger


def ledger(*entries: tuple[Step, datetime, Promise]) -> tuple[LedgerEntry, ...]:
    return tuple(LedgerEntry(*entry) for entry in entries)


def bring(moment: datetime, **rule: object) -> Callable[[Dossier], None]:
    return lambda d: d.receive_supplement(
        stamp(moment, CLERK),
        papers=(PAPER,),
        clock=clock(**rule),  # type: ignore[arg-type]
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
    story: tuple[Told, ...] = TAKEN_IN
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


def test_a_fee_paid_that_nobody_asked_for_moves_nothing() -> None:
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


def test_a_date_given_on_a_slip_stands_and_is_moved_by_a_pause() -> None:
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


# the parcel


def scan(code: str, moment: datetime, number: str = PARCEL) -> Callable[[Dossier], None]:
    return lambda d: d.scan(
        stamp(moment, POSTMAN), number=number, scan=code, whereabouts=None, raw=None
    )


def test_a_delivery_scan_returns_the_dossier() -> None:
    dossier = (
        given(*POSTED)
        .when(scan("EMI", at(6)))
        .then(scanned(at(6), "EMI", "delivered"), delivered(at(6)))
    )
    assert (dossier.progress.stage, dossier.returned_at) == (Stage.RETURNED, at(6))


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("EMA", "posted"),
        ("EMB", "moving"),
        ("EDG", "out_for_delivery"),
        ("EMH", "attempt_failed"),
        ("504", "returned"),
        ("EMI", "delivered"),
        ("107", "cancelled"),
    ],
)
def test_a_late_scan_never_moves_a_delivered_parcel_backwards(code: str, meaning: str) -> None:
    for moment in (at(5, 10), at(6), at(9)):
        dossier = given(*HOME).when(scan(code, moment)).then(scanned(moment, code, meaning))
        assert (dossier.progress.stage, dossier.returned_at) == (Stage.RETURNED, at(6))


def test_a_delivery_counts_even_where_it_is_older_than_the_last_scan() -> None:
    given(*POSTED, scanned(at(9), "EMB", "moving")).when(scan("EMI", at(6))).then(
        scanned(at(6), "EMI", "delivered"), delivered(at(6))
    )


@pytest.mark.parametrize(("code", "meaning"), [("EMH", "attempt_failed"), ("515", "returned")])
def test_a_failure_older_than_the_last_scan_changes_nothing_but_the_record(
    code: str, meaning: str
) -> None:
    dossier = (
        given(*POSTED, scanned(at(9), "EDG", "out_for_delivery"))
        .when(scan(code, at(6)))
        .then(scanned(at(6), code, meaning))
    )
    assert dossier.progress.stage is Stage.WITH_CARRIER


def test_a_failed_attempt_and_then_a_return_bring_it_back_to_the_office() -> None:
    failed = (scanned(at(6), "EMH", "attempt_failed"), _failed(at(6)))
    given(*POSTED).when(scan("EMH", at(6))).then(*failed)
    back = (
        given(*POSTED, *failed)
        .when(scan("504", at(9)))
        .then(scanned(at(9), "504", "returned"), told(ReturnedToOffice, at(9), POSTMAN))
    )
    assert back.progress.stage is Stage.BACK_AT_OFFICE


def _failed(moment: datetime) -> Told:
    return told(DeliveryFailed, moment, POSTMAN, reason=None)


def test_the_same_scan_again_leaves_the_dossier_where_it_was() -> None:
    for code, meaning in (("EMB", "moving"), ("EMI", "delivered"), ("504", "returned")):
        once = given(*POSTED).when(scan(code, at(6))).dossier
        twice = Given(Dossier.replay(None, in_order(*POSTED) + pending(once)) or once)
        after = twice.when(scan(code, at(6))).then(scanned(at(6), code, meaning))
        assert after.progress == once.progress
        assert after.returned_at == once.returned_at


def test_a_scan_of_another_parcel_is_only_noted() -> None:
    other = "RR473124815VN"
    dossier = (
        given(*POSTED)
        .when(scan("EMI", at(6), other))
        .then(scanned(at(6), "EMI", "delivered", other))
    )
    assert (dossier.progress.stage, dossier.parcel_at) == (Stage.WITH_CARRIER, at(5))


def test_a_late_return_of_the_first_sending_does_not_bring_the_second_back() -> None:
    again = (*BACK, handed(at(11)))
    dossier = given(*again).when(scan("504", at(9))).then(scanned(at(9), "504", "returned"))
    assert dossier.progress.stage is Stage.WITH_CARRIER


def test_a_scan_nobody_knows_is_kept_as_it_came() -> None:
    given(*POSTED).when(scan("xyz-1", at(6))).then(scanned(at(6), "xyz-1", "unknown"))


@pytest.mark.parametrize("number", ["VTP-123456", "RR473124828VN", "rr473124829vn"])
def test_a_parcel_number_that_is_no_valid_s10_is_accepted_with_a_flag(number: str) -> None:
    given(*READY).when(
        lambda d: d.hand_to_carrier(stamp(at(5), CLERK), carrier="VNPOST", number=number)
    ).then(handed(at(5), number, s10=False))


def test_a_carrier_scans_only_the_parcels_it_was_handed() -> None:
    others = replace(POSTMAN, partner="VIETTELPOST")
    given(*POSTED).when(
        lambda d: d.scan(
            stamp(at(6), others), number=PARCEL, scan="EMI", whereabouts=None, raw=None
        )
    ).then_refused(NotAllowedError, "This parcel was not handed to this carrier.")


def test_a_carrier_without_a_name_scans_nothing_even_where_no_parcel_is_out() -> None:
    nobody = replace(POSTMAN, partner="")
    given(*READY).when(
        lambda d: d.scan(
            stamp(at(6), nobody), number=PARCEL, scan="EMI", whereabouts=None, raw=None
        )
    ).then_refused(NotAllowedError)


# corrections


def corrected(
    moment: datetime,
    corrects: int,
    what: Correctable,
    value: str = "",
    sealed: Sealed | None = None,
) -> Told:
    return told(
        Corrected,
        moment,
        CLERK,
        corrects=corrects,
        what=what,
        value=value,
        sealed=sealed,
        reason=None,
    )


def correcting(
    corrects: int, what: Correctable, value: str = "", sealed: Sealed | None = None
) -> Callable[[Dossier], None]:
    return lambda d: d.correct(
        stamp(at(12), CLERK),
        corrects=corrects,
        what=what,
        value=value,
        sealed=sealed,
        reason=None,
    )


def test_corrected_offices_take_the_place_of_the_wrong_ones_and_leave_the_others() -> None:
    one = (
        given(*TAKEN_IN)
        .when(correcting(1, Correctable.HELPED_AT, "CTV-BAVI"))
        .then(corrected(at(12), 1, Correctable.HELPED_AT, "CTV-BAVI"))
    )
    assert one.offices == Offices("CTV-BAVI", "CN05", "SO-TUPHAP")
    two = (
        given(*TAKEN_IN)
        .when(correcting(1, Correctable.RECEIVED_AT, "CN01"))
        .then(corrected(at(12), 1, Correctable.RECEIVED_AT, "CN01"))
    )
    assert two.offices == Offices("DL-VNPOST-001", "CN01", "SO-TUPHAP")


def test_a_corrected_applicant_is_the_one_that_counts() -> None:
    dossier = (
        given(*TAKEN_IN)
        .when(correcting(1, Correctable.APPLICANT, sealed=NEW_APPLICANT))
        .then(corrected(at(12), 1, Correctable.APPLICANT, sealed=NEW_APPLICANT))
    )
    assert dossier.applicant == NEW_APPLICANT


def test_a_corrected_way_of_return_and_parcel_number_count() -> None:
    way = given(*TAKEN_IN).when(correcting(1, Correctable.WAY_OF_RETURN, "electronic"))
    assert way.dossier.way_of_return is WayOfReturn.ELECTRONIC
    number = given(*POSTED).when(correcting(3, Correctable.PARCEL_NUMBER, "RR473124815VN"))
    assert number.dossier.parcel_number == "RR473124815VN"


def test_a_corrected_time_of_reception_or_decision_or_return_counts() -> None:
    moved = given(*HOME).when(
        lambda d: [
            correcting(1, Correctable.OCCURRED_AT, at(1).isoformat())(d),
            correcting(2, Correctable.OCCURRED_AT, at(3).isoformat())(d),
            correcting(4, Correctable.OCCURRED_AT, at(7).isoformat())(d),
        ][0]
    )
    assert moved.error is None
    dossier = moved.dossier
    assert (dossier.received_at, dossier.finished_at, dossier.returned_at) == (at(1), at(3), at(7))
    assert dossier.ledger == ledger((Step.RECEIVED, at(2), due(9)))


def test_a_pause_after_a_corrected_reception_counts_from_the_right_day() -> None:
    story = (
        *TAKEN_IN,
        corrected(at(3), 1, Correctable.OCCURRED_AT, at(3).isoformat()),
        asked(at(4)),
    )
    given(*story).when(bring(at(5))).then(brought(at(5), due(11)))


def test_the_time_of_another_event_may_be_corrected_and_moves_neither() -> None:
    dossier = (
        given(*READY, handed(at(5)))
        .when(correcting(3, Correctable.OCCURRED_AT, at(6).isoformat()))
        .then(corrected(at(12), 3, Correctable.OCCURRED_AT, at(6).isoformat()))
    )
    assert (dossier.received_at, dossier.finished_at) == (at(2), at(4))


def test_nothing_is_corrected_into_the_future() -> None:
    ahead = HEARD + timedelta(minutes=6)
    given(*READY).when(correcting(2, Correctable.OCCURRED_AT, ahead.isoformat())).then_refused(
        FutureTimeError
    )


def test_what_has_not_happened_cannot_be_corrected() -> None:
    for version in (0, 2, -1):
        given(*TAKEN_IN).when(correcting(version, Correctable.HELPED_AT, "CN01")).then_refused(
            NoSuchEventError, "There is no event of this version to correct."
        )


def test_what_was_submitted_is_replaced_by_what_was_received() -> None:
    dossier = dossier_of(
        submitted(at(2)),
        corrected(at(3), 1, Correctable.WAY_OF_RETURN, "collect"),
        received(at(4), due(11)),
    )
    assert (dossier.way_of_return, dossier.offices) == (WayOfReturn.POST, OFFICES)


# afterwards


def test_a_dossier_is_rated_once() -> None:
    rated = told(Rated, at(9), PORTAL, score=2, reason=None)
    start = given(*HOME, rated)
    assert Step.RATED not in start.dossier.allowed_steps()
    start.when(lambda d: d.rate(stamp(at(9), PORTAL), score=5, reason=None)).then_refused(
        StepNotAllowedError
    )
    assert start.dossier.score == 2


def test_a_dossier_is_rated_only_when_it_is_over() -> None:
    given(*READY).when(lambda d: d.rate(stamp(at(9), PORTAL), score=5, reason=None)).then_refused(
        StepNotAllowedError
    )


def test_personal_data_are_erased_once() -> None:
    erased = told(PersonalDataErased, at(9), ADMINISTRATOR, basis="law 91")
    start = given(*HOME, erased)
    assert Step.PERSONAL_DATA_ERASED not in start.dossier.allowed_steps()
    start.when(
        lambda d: d.erase_personal_data(stamp(at(10), ADMINISTRATOR), basis="law 91")
    ).then_refused(StepNotAllowedError)


def test_the_steps_offered_to_a_paused_dossier_are_those_it_accepts() -> None:
    assert given(*TAKEN_IN, asked(at(3))).dossier.allowed_steps() == (
        Step.FORWARDED,
        Step.INTERNAL_STEP_TAKEN,
        Step.SUPPLEMENT_ASKED,
        Step.SUPPLEMENT_RECEIVED,
        Step.FEE_ASKED,
        Step.FEE_PAID,
        Step.STOPPED,
        Step.RESUMED,
        Step.WITHDRAWN,
        Step.PROMISE_EXTENDED,
        Step.COMPLAINED,
        Step.CORRECTED,
        Step.NOTICES_AGREED,
        Step.PERSONAL_DATA_ERASED,
    )


# telling the person


def test_the_latest_agreement_counts_and_says_since_when() -> None:
    dossier = dossier_of(*TAKEN_IN, agreed(at(3)), agreed(at(4), contact=SEALED))
    assert dossier.notices == Notices(
        (NoticeChannel.SMS,), NoticeLanguage.VIETNAMESE, SEALED, agreed_at=HEARD
    )


def test_notices_are_stopped_only_where_there_are_any_and_may_be_agreed_to_anew() -> None:
    stop = stamp(at(4), CLERK)
    given(*TAKEN_IN).when(lambda d: d.stop_notices(stop)).then_refused(StepNotAllowedError)
    over = (*TAKEN_IN, agreed(at(3)), told(NoticesStopped, at(4), CLERK))
    given(*over).when(lambda d: d.stop_notices(stop)).then_refused(StepNotAllowedError)
    assert dossier_of(*over).notices is None
    assert dossier_of(*over, agreed(at(5))).notices is not None


def test_who_was_erased_is_told_nothing_and_cannot_be_asked_again() -> None:
    erased = (
        *TAKEN_IN,
        agreed(at(3)),
        told(PersonalDataErased, at(4), ADMINISTRATOR, basis="law 91"),
    )
    assert dossier_of(*erased).notices is None
    given(*erased).when(lambda d: d.agree_to_notices(stamp(at(5), CLERK), **BY_SMS)).then_refused(
        StepNotAllowedError
    )


# replaying


def test_a_gap_a_repetition_or_a_stranger_in_the_history_is_found_at_once() -> None:
    one, two, three = in_order(*TAKEN_IN, asked(at(3)), brought(at(4)))
    for broken in ([one, three], [two, three], [one, one], [one, replace(two, code="H26-1")]):
        if broken[-1].code == "H26-1":
            broken[-1] = replace(broken[-1], originator_id=Dossier.new("H26-1").id)
        with pytest.raises(BrokenHistoryError):
            Dossier.replay(None, broken)


def test_replaying_is_no_second_trial_since_what_happened_has_happened() -> None:
    twice = dossier_of(*READY, decided(at(5)))
    assert twice.finished_at == at(5)


def test_a_picture_of_a_cut_history_begins_where_the_dossier_does() -> None:
    one, two, three = in_order(*TAKEN_IN, asked(at(3)), brought(at(4)))
    assert Dossier.picture([two, three]) is None
    picture = Dossier.picture([one, three])
    assert picture is not None
    assert (picture.version, picture.progress.stage) == (3, Stage.RECEIVED)


def test_a_stamp_names_the_sender_and_its_own_id_in_every_event() -> None:
    mark = Stamp(at(4), HEARD, DECIDER, "tablet-7", "e-17")
    dossier = given(*TAKEN_IN).dossier
    dossier.start_processing(mark)
    (event,) = pending(dossier)
    assert (event.source, event.event_id, event.by, event.recorded_at) == (
        "tablet-7",
        "e-17",
        DECIDER,
        HEARD,
    )
