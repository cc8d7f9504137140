"""The legs from the decision to the delivery, with the offices of the demo."""

from datetime import datetime

import pytest

from tests.adapters.files.hanoi_files import HANOI
from tests.domain.dossier_spec import (
    CALENDAR,
    CLERK,
    PARCEL,
    PORTAL,
    POSTMAN,
    EventBuilder,
    at,
    decided,
    delivered,
    due,
    event_builder,
    handed,
    in_order,
    received,
)
from tracker.adapters.files.service_data import load_service_data
from tracker.application.forms.case import Case
from tracker.application.forms.way_back import Leg, way_back
from tracker.application.service import Service
from tracker.domain.dossier.events.citizen import Rated
from tracker.domain.dossier.events.delivery import (
    Collected,
    DeliveredElectronically,
    DeliveryFailed,
    ReturnedToOffice,
)
from tracker.domain.dossier.events.processing import ProcessingStarted
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Correctable
from tracker.domain.network.network import Office

DECIDER, VNPOST = "Sở Tư pháp", "Tổng công ty Bưu điện Việt Nam (Vietnam Post)"


@pytest.fixture(scope="module")
def service() -> Service:
    known = load_service_data(HANOI)
    return Service(known.network, known.catalogue, CALENDAR)


@pytest.fixture(scope="module")
def branch(service: Service) -> Office:
    return service.network.office("CN05")


def legs(service: Service, *history: EventBuilder) -> tuple[Leg, ...]:
    events = in_order(received(at(2), due(9)), *history)
    return way_back(Case(events=events, texts=None, service=service, now=at(30)))


def failed(moment: datetime) -> EventBuilder:
    return event_builder(DeliveryFailed, moment, POSTMAN, reason=None)


def brought_back(moment: datetime) -> EventBuilder:
    return event_builder(ReturnedToOffice, moment, POSTMAN)


def collected(moment: datetime) -> EventBuilder:
    return event_builder(Collected, moment, CLERK, at_office="CN07")


def test_before_the_decision_there_is_no_way_back(service: Service) -> None:
    assert legs(service, event_builder(ProcessingStarted, at(3))) == ()


def test_what_is_decided_waits_at_the_deciding_office(service: Service) -> None:
    assert legs(service, decided(at(4))) == (Leg(holder=DECIDER, from_at=at(4)),)


def test_a_parcel_that_comes_back_is_followed_until_it_is_fetched(
    service: Service, branch: Office
) -> None:
    history = (
        decided(at(4)),
        handed(at(5)),
        failed(at(6)),
        failed(at(9)),
        brought_back(at(10)),
        collected(at(11)),
    )
    assert legs(service, *history) == (
        Leg(
            holder=DECIDER, from_at=at(4), to_at=at(5),
            ended_by=Step.HANDED_TO_CARRIER, ended_at=branch,
        ),
        Leg(
            holder=VNPOST, number=PARCEL, failed=2, from_at=at(5), to_at=at(10),
            ended_by=Step.RETURNED_TO_OFFICE,
        ),
        Leg(
            holder="Chi nhánh số 5", from_at=at(10), to_at=at(11),
            ended_by=Step.COLLECTED, ended_at=service.network.office("CN07"),
        ),
    )  # fmt: skip


def test_a_parcel_that_is_posted_again_is_a_leg_of_its_own(service: Service) -> None:
    made = legs(service, decided(at(4)), handed(at(5)), failed(at(6)), handed(at(9), "B2"))
    assert [(leg.holder, leg.number, leg.failed, leg.ended_by) for leg in made] == [
        (DECIDER, "", 0, Step.HANDED_TO_CARRIER),
        (VNPOST, PARCEL, 1, Step.HANDED_TO_CARRIER),
        (VNPOST, "B2", 0, None),
    ]


def test_the_way_ends_with_the_return_whatever_is_noted_later(service: Service) -> None:
    rated = event_builder(Rated, at(12), score=5, reason=None)
    *_, last = legs(service, decided(at(4)), handed(at(5)), delivered(at(6)), rated)
    assert (last.holder, last.to_at, last.ended_by) == (VNPOST, at(6), Step.DELIVERED)
    (only,) = legs(
        service, decided(at(4)), event_builder(DeliveredElectronically, at(5), PORTAL), rated
    )
    assert (only.holder, only.to_at, only.ended_by) == (
        DECIDER,
        at(5),
        Step.DELIVERED_ELECTRONICALLY,
    )


def test_a_corrected_number_and_time_are_the_ones_on_the_slip(service: Service) -> None:
    def corrected(corrects: int, what: Correctable, value: str) -> EventBuilder:
        return event_builder(
            Corrected, at(9), CLERK,
            corrects=corrects, what=what, value=value, sealed=None, reason=None,
        )  # fmt: skip

    history = (
        decided(at(4)),
        handed(at(5)),
        corrected(3, Correctable.PARCEL_NUMBER, "RIGHT"),
        delivered(at(8)),
        corrected(5, Correctable.OCCURRED_AT, at(7).isoformat()),
    )
    *_, last = legs(service, *history)
    assert (last.number, last.to_at) == ("RIGHT", at(7))
