"""The control slip, with the calendar and the actors of the domain tests."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.adapters.files.hanoi_files import HANOI
from tests.domain.dossier_spec import (
    CALENDAR,
    CLERK,
    DECIDER,
    INTAKE,
    OFFICES,
    EventBuilder,
    asked,
    at,
    decided,
    due,
    event_builder,
    received,
)
from tracker.adapters.files.service_data import load_service_data
from tracker.application.forms.case import Case, Gap, Person
from tracker.application.forms.control import ControlSlip, Verdict, control_slip
from tracker.application.service import Service
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.intake import Received, Refused
from tracker.domain.dossier.events.processing import InternalStepTaken, ProcessingStarted, Withdrawn
from tracker.domain.dossier.events.records import Corrected
from tracker.domain.dossier.values import Correctable

TAKEN_IN = received(at(2), due(9))


@pytest.fixture(scope="module")
def service() -> Service:
    known = load_service_data(HANOI)
    return Service(known.network, known.catalogue, CALENDAR)


def slip(service: Service, *history: EventBuilder) -> ControlSlip:
    events: Sequence[Event] = [event(version) for version, event in enumerate(history, start=1)]
    return control_slip(Case(events=events, texts=None, service=service, now=at(30)))


def corrected(what: Correctable, value: str) -> EventBuilder:
    return event_builder(
        Corrected, at(2, 16), CLERK,
        corrects=1, what=what, value=value, sealed=None, reason=None,
    )  # fmt: skip


def test_who_was_waiting_when_the_dossier_was_withdrawn_is_not_late(service: Service) -> None:
    last = slip(
        service,
        TAKEN_IN,
        event_builder(ProcessingStarted, at(3, 8)),
        asked(at(4, 8)),
        event_builder(Withdrawn, at(25), CLERK, reason=None),
    ).holdings[-1]
    assert last.office_id == "SO-TUPHAP"
    assert last.verdict is Verdict.EARLY
    assert last.worked == timedelta(hours=8)


def test_who_decided_without_saying_they_began_had_it(service: Service) -> None:
    (only,) = slip(service, TAKEN_IN, decided(at(3))).holdings
    assert (only.office_id, only.from_at, only.to_at) == ("SO-TUPHAP", at(2), at(3))


def test_who_refused_it_had_it(service: Service) -> None:
    refused = event_builder(Refused, at(3), DECIDER, reason=None, basis="b")
    (only,) = slip(service, TAKEN_IN, refused).holdings
    assert only.office_id == "SO-TUPHAP"


def test_a_desk_that_only_records_a_withdrawal_did_not_have_it(service: Service) -> None:
    withdrawn = event_builder(Withdrawn, at(3), DECIDER, reason=None)
    (only,) = slip(service, TAKEN_IN, withdrawn).holdings
    assert only.office_id == "CN05"


def test_who_did_their_part_without_saying_they_began_had_it_and_still_has(
    service: Service,
) -> None:
    part = event_builder(InternalStepTaken, at(3), name="Thẩm định", clerk="bà B", unit="Phòng 1")
    first, then = slip(service, TAKEN_IN, part).holdings
    assert (first.office_id, first.unit, first.clerk) == ("SO-TUPHAP", "Phòng 1", "bà B")
    assert (then.office_id, then.from_at, then.to_at) == ("SO-TUPHAP", at(3), None)


def test_a_corrected_time_of_intake_is_that_of_the_first_row(service: Service) -> None:
    history = (
        received(at(2, 15), due(9)),
        corrected(Correctable.OCCURRED_AT, at(2).isoformat()),
        event_builder(ProcessingStarted, at(3, 8)),
    )
    made = slip(service, *history)
    assert made.received_at == made.holdings[0].from_at == at(2)
    assert made.holdings[0].worked == timedelta(hours=7)


def test_a_corrected_receiving_office_is_that_of_the_first_row(service: Service) -> None:
    history = (TAKEN_IN, corrected(Correctable.RECEIVED_AT, "CN07"))
    assert OFFICES.received_at == "CN05"
    assert slip(service, *history).holdings[0].office_id == "CN07"


def test_an_applicant_who_was_never_recorded_is_not_withheld(service: Service) -> None:
    unnamed = event_builder(Received, at(2), CLERK, **INTAKE | {"applicant": None}, promise=due(9))
    assert slip(service, unnamed).head.applicant == Person(name="")
    assert slip(service, TAKEN_IN).head.applicant is Gap.WITHHELD
