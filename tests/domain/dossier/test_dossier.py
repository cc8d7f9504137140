"""One dossier: given a history, when a step is requested, then expect events or an error."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.domain.dossier.dossier_stages import HOME, READY, TAKEN_IN
from tests.domain.dossier_spec import (
    ADMINISTRATOR,
    BY_SMS,
    CLERK,
    CODE,
    DECIDER,
    HEARD,
    INTAKE,
    PORTAL,
    SEALED,
    Given,
    agreed,
    asked,
    at,
    brought,
    clock,
    decided,
    dossier_of,
    event_builder,
    given,
    in_order,
    pending,
    stamp,
)
from tracker.domain.dossier.dossier import (
    Dossier,
    SameOfficeError,
)
from tracker.domain.dossier.events.citizen import NoticesStopped, Rated
from tracker.domain.dossier.events.processing import (
    Forwarded,
)
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.domain.dossier.lifecycle import Stage, Step
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.state import BrokenHistoryError
from tracker.domain.dossier.values import (
    FutureTimeError,
    NaiveTimeError,
    NoticeChannel,
    NoticeLanguage,
    Notices,
    Outcome,
    Stamp,
)
from tracker.domain.errors import NotAllowedError

# concurrent steps


def test_the_second_of_two_approvals_is_refused_with_the_current_stage() -> None:
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


def test_a_dossier_is_not_received_twice() -> None:
    given(*TAKEN_IN).when(
        lambda d: d.receive(stamp(at(3), CLERK), clock=clock(), given=None, **INTAKE)
    ).then_refused(StepNotAllowedError)


def test_only_the_deciding_office_decides_and_after_forwarding_only_the_next_one() -> None:
    def decide(d: Dossier) -> None:
        d.decide(stamp(at(4)), outcome=Outcome.GRANTED, reason=None, document="d")

    forwarded = event_builder(Forwarded, at(3), to_office="SO-YTE", reason=None)
    given(*TAKEN_IN, forwarded).when(decide).then_refused(
        NotAllowedError, "Only SO-YTE may do this: decided."
    )


def test_a_dossier_is_not_forwarded_to_its_own_office() -> None:
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


# after the decision


def test_a_dossier_is_rated_once() -> None:
    rated = event_builder(Rated, at(9), PORTAL, score=2, reason=None)
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
    erased = event_builder(PersonalDataErased, at(9), ADMINISTRATOR, basis="law 91")
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


# notifications


def test_the_latest_agreement_counts_and_says_since_when() -> None:
    dossier = dossier_of(*TAKEN_IN, agreed(at(3)), agreed(at(4), contact=SEALED))
    assert dossier.notices == Notices(
        (NoticeChannel.SMS,), NoticeLanguage.VIETNAMESE, SEALED, agreed_at=HEARD
    )


def test_notifications_are_stopped_only_after_consent_and_consent_may_be_given_again() -> None:
    stop = stamp(at(4), CLERK)
    given(*TAKEN_IN).when(lambda d: d.stop_notices(stop)).then_refused(StepNotAllowedError)
    over = (*TAKEN_IN, agreed(at(3)), event_builder(NoticesStopped, at(4), CLERK))
    given(*over).when(lambda d: d.stop_notices(stop)).then_refused(StepNotAllowedError)
    assert dossier_of(*over).notices is None
    assert dossier_of(*over, agreed(at(5))).notices is not None


def test_an_erased_person_gets_no_notifications_and_cannot_consent_again() -> None:
    erased = (
        *TAKEN_IN,
        agreed(at(3)),
        event_builder(PersonalDataErased, at(4), ADMINISTRATOR, basis="law 91"),
    )
    assert dossier_of(*erased).notices is None
    given(*erased).when(lambda d: d.agree_to_notices(stamp(at(5), CLERK), **BY_SMS)).then_refused(
        StepNotAllowedError
    )


# replay


def test_a_gap_a_repetition_or_a_stranger_in_the_history_is_found_at_once() -> None:
    first, second, third = in_order(*TAKEN_IN, asked(at(3)), brought(at(4)))
    for broken in (
        [first, third],
        [second, third],
        [first, first],
        [first, replace(second, code="H26-1")],
    ):
        if broken[-1].code == "H26-1":
            broken[-1] = replace(broken[-1], originator_id=Dossier.new("H26-1").id)
        with pytest.raises(BrokenHistoryError):
            Dossier.replay(None, broken)


def test_replaying_does_not_check_events_again() -> None:
    twice = dossier_of(*READY, decided(at(5)))
    assert twice.finished_at == at(5)


def test_a_picture_of_a_partial_history_starts_with_the_first_event() -> None:
    first, second, third = in_order(*TAKEN_IN, asked(at(3)), brought(at(4)))
    assert Dossier.picture([second, third]) is None
    picture = Dossier.picture([first, third])
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
