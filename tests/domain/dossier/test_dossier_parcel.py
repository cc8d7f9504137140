"""Carrier scans in any order, and their effect on the dossier."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.domain.dossier.dossier_stages import HOME, POSTED, READY, scan
from tests.domain.dossier_spec import (
    CLERK,
    PARCEL,
    POSTMAN,
    EventBuilder,
    Given,
    at,
    delivered,
    event_builder,
    given,
    handed,
    in_order,
    pending,
    scanned,
    stamp,
)
from tracker.domain.dossier.dossier import (
    Dossier,
)
from tracker.domain.dossier.events.delivery import (
    DeliveryFailed,
    ReturnedToOffice,
)
from tracker.domain.dossier.lifecycle import Stage
from tracker.domain.errors import NotAllowedError

BACK = (*POSTED, event_builder(ReturnedToOffice, at(9), POSTMAN))


# the parcel


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
        .then(scanned(at(9), "504", "returned"), event_builder(ReturnedToOffice, at(9), POSTMAN))
    )
    assert back.progress.stage is Stage.BACK_AT_OFFICE


def _failed(moment: datetime) -> EventBuilder:
    return event_builder(DeliveryFailed, moment, POSTMAN, reason=None)


def test_the_same_scan_again_leaves_the_dossier_where_it_was() -> None:
    for code, meaning in (("EMB", "moving"), ("EMI", "delivered"), ("504", "returned")):
        once = given(*POSTED).when(scan(code, at(6))).dossier
        twice = Given(Dossier.replay(None, in_order(*POSTED) + pending(once)) or once)
        after = twice.when(scan(code, at(6))).then(scanned(at(6), code, meaning))
        assert after.progress == once.progress
        assert after.returned_at == once.returned_at


def test_a_scan_of_another_parcel_is_only_recorded() -> None:
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


def test_an_unknown_scan_is_kept_unchanged() -> None:
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
    without_partner = replace(POSTMAN, partner="")
    given(*READY).when(
        lambda d: d.scan(
            stamp(at(6), without_partner), number=PARCEL, scan="EMI", whereabouts=None, raw=None
        )
    ).then_refused(NotAllowedError)
