"""Consent is recorded with the intake or later, and its address is sealed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.application.service_desk import (
    CLERK,
    NAME,
    PHONE,
    PORTAL,
    ServiceDesk,
    service_desk,
)
from tracker.application.queries.dossier_reader import Moment
from tracker.domain.dossier.events.citizen import NoticesAgreed
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import NoticeChannel, NoticeLanguage
from tracker.domain.errors import NotAllowedError

EMAIL = "an@example.vn"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def test_an_intake_with_consent_is_two_events_of_one_commit(desk: ServiceDesk) -> None:
    taken = desk.take_in(event_id="once", notices={"channels": ["sms"], "language": "en"})
    received, agreed = desk.history(taken.code)
    assert taken.version == 2
    assert received.step == "received"
    assert isinstance(agreed, NoticesAgreed)
    assert agreed.channels == (NoticeChannel.SMS,)
    assert agreed.language is NoticeLanguage.ENGLISH
    assert agreed.contact is None
    assert agreed.recorded_at == received.recorded_at
    assert agreed.event_id == received.event_id == "once"
    again = desk.take_in(event_id="once", notices={"channels": ["sms"], "language": "en"})
    assert (again.code, again.version, again.duplicate) == (taken.code, 2, True)


def test_an_intake_without_consent_is_one_event(desk: ServiceDesk) -> None:
    taken = desk.take_in()
    assert desk.steps(taken.code) == ["received"]
    assert desk.at.reader.dossier(CLERK, taken.code, Moment()).notices is None


def test_an_online_intake_may_contain_the_consent(desk: ServiceDesk) -> None:
    fields = {"step": "submitted", "notices": {"channels": ["sms"]}}
    code = desk.take_in(PORTAL, **fields).code
    assert desk.steps(code) == ["submitted", "notices_agreed"]


@pytest.mark.parametrize(
    ("channels", "applicant"),
    [
        (["sms"], {"name": NAME, "email": EMAIL}),
        (["email"], {"name": NAME, "phone": PHONE}),
        (["sms", "email"], {"name": NAME, "phone": PHONE}),
        ([], {"name": NAME, "phone": PHONE}),
        (["pigeon"], {"name": NAME, "phone": PHONE}),
    ],
)
def test_consent_that_leads_nowhere_is_refused_without_repeating_what_was_sent(
    desk: ServiceDesk, channels: list[str], applicant: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        desk.intake(notices={"channels": channels}, applicant=applicant)
    assert NAME not in str([error["msg"] for error in refused.value.errors()])


def test_another_address_is_sealed_and_opens_for_those_who_may_read_it(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    code = desk.take_in().code
    desk.post(
        CLERK,
        code=code,
        step="notices_agreed",
        channels=["sms", "email"],
        contact={"phone": "0911 222 333", "email": EMAIL},
    )
    opened = desk.at.reader.personal_data(CLERK, code, "gọi lại")
    assert opened[2] == {"contact": f'{{"phone":"0911 222 333","email":"{EMAIL}"}}'}
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"dossier.notices_agreed.v1" in files
    assert b"0911 222 333" not in files
    assert EMAIL.encode() not in files


def test_only_an_office_of_the_dossier_changes_its_notifications(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    stranger = CLERK.__class__(CLERK.role, "stranger", "CN01")
    with pytest.raises(NotAllowedError):
        desk.post(stranger, code=code, step="notices_agreed", channels=["sms"])
    assert desk.steps(code) == ["received"]


def test_notices_are_stopped_once(desk: ServiceDesk) -> None:
    code = desk.take_in(notices={"channels": ["sms"]}).code
    desk.post(CLERK, code=code, step="notices_stopped")
    with pytest.raises(StepNotAllowedError):
        desk.post(CLERK, code=code, step="notices_stopped")
