"""A correction counts from the moment it is known, and nothing is overwritten."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.domain.dossier.dossier_stages import HOME, POSTED, READY, TAKEN_IN, bring, ledger
from tests.domain.dossier_spec import (
    CLERK,
    HEARD,
    OFFICES,
    EventBuilder,
    asked,
    at,
    brought,
    dossier_of,
    due,
    event_builder,
    given,
    handed,
    received,
    stamp,
    submitted,
)
from tracker.domain.dossier.dossier import (
    Dossier,
    NoSuchEventError,
)
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Correctable,
    FutureTimeError,
    Offices,
    Sealed,
    WayOfReturn,
)

NEW_APPLICANT = Sealed("bmV3")


# corrections


def corrected(
    moment: datetime,
    corrects: int,
    what: Correctable,
    value: str = "",
    sealed: Sealed | None = None,
) -> EventBuilder:
    return event_builder(
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
    dossier = (
        given(*TAKEN_IN)
        .when(correcting(1, Correctable.HELPED_AT, "CTV-BAVI"))
        .then(corrected(at(12), 1, Correctable.HELPED_AT, "CTV-BAVI"))
    )
    assert dossier.offices == Offices("CTV-BAVI", "CN05", "SO-TUPHAP")
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


def test_an_event_that_does_not_exist_cannot_be_corrected() -> None:
    for version in (0, 2, -1):
        given(*TAKEN_IN).when(correcting(version, Correctable.HELPED_AT, "CN01")).then_refused(
            NoSuchEventError, "There is no event of this version to correct."
        )


def test_received_fields_replace_submitted_fields() -> None:
    dossier = dossier_of(
        submitted(at(2)),
        corrected(at(3), 1, Correctable.WAY_OF_RETURN, "collect"),
        received(at(4), due(11)),
    )
    assert (dossier.way_of_return, dossier.offices) == (WayOfReturn.POST, OFFICES)
