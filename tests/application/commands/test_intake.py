"""The intake of dossiers: the code, the office, the actor and the promised date."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    PORTAL,
    REASON,
    TABLET,
    TODAY,
    ZONE,
    ServiceDesk,
    service_desk,
)
from tracker.application.commands.code_allocation import NotYourCodeError
from tracker.application.commands.envelope import (
    Accepted,
    CodeTakenError,
    Envelope,
    VersionConflictError,
)
from tracker.application.commands.intake import LegacyIntake
from tracker.application.commands.reception import (
    NotThisCollaboratorError,
    PromiseNotYoursError,
    WrongPlaceError,
)
from tracker.application.queries.dossier_reader import Moment
from tracker.domain.deadlines.calendar import CalendarHorizonError
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.codes import InvalidCodeError
from tracker.domain.dossier.events.intake import Received, Submitted
from tracker.domain.dossier.lifecycle import PublicStatus, Stage
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import Offices, Paper, Promise, WayOfReturn
from tracker.domain.errors import InvalidInputError, NotAllowedError, TrackerError
from tracker.domain.network.admission import (
    CollaboratorMissingError,
    CollaboratorNotAdmittedError,
    NotOpenToAgentsError,
    OfficeClosedError,
    UnknownAtIntakeError,
)
from tracker.domain.network.network import NotAReceptionPlaceError, UnknownOfficeError
from tracker.domain.network.procedures import PaperForm, ProcedureNotInForceError

DAY = date(2026, 11, 20)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def lease(desk: ServiceDesk, size: int = 10, agency: str = "H26.05", to: Actor = TABLET) -> str:
    """Lease a block to a device and return its first code."""
    block = desk.at.blocks.lease(
        agency=agency, day=DAY, size=size, leased_to=to.id, leased_at=desk.hands.now
    )
    return next(block.codes()).text


def test_the_event_has_the_content_of_the_command_and_what_follows_from_it(
    desk: ServiceDesk,
) -> None:
    answer = desk.take_in(
        papers=[{"name": "Tờ khai", "form": "original", "quantity": 2}],
        helped_at="CTV-LONGBIEN",
        way_of_return="collect",
        event_id="e",
    )
    (event,) = desk.history(answer.code)
    assert isinstance(event, Received)
    assert event == replace(
        event,
        channel="counter",
        offices=Offices("CTV-LONGBIEN", "CN05", "UBND-LONGBIEN"),
        procedure="1.000894",
        procedure_version=2,
        papers=(Paper("Tờ khai", PaperForm.ORIGINAL, 2),),
        way_of_return=WayOfReturn.COLLECT,
    )
    assert event.promise == Promise(
        datetime(2026, 11, 26, 17, tzinfo=ZONE),
        "3 working_days",
        desk.at.service.calendar.version,
        given=False,
    )


def test_the_version_of_the_procedure_is_that_of_the_day_it_was_handed_in(
    desk: ServiceDesk,
) -> None:
    answer = desk.take_in(occurred_at="2025-06-30T09:00:00+07:00")
    (event,) = desk.history(answer.code)
    assert isinstance(event, Received)
    assert event.procedure_version == 1
    assert event.promise is not None
    assert event.promise.time == "5 working_days"
    assert answer.code.startswith("H26.05-250630-")


def test_the_day_in_a_code_is_the_day_in_hanoi_not_in_utc(desk: ServiceDesk) -> None:
    night = desk.take_in(occurred_at="2026-11-20T00:30:00+07:00")
    assert night.code == "H26.05-261120-0001"


# codes


def test_codes_of_a_day_follow_each_other_and_each_agency_counts_its_own(
    desk: ServiceDesk,
) -> None:
    other = replace(CLERK, office="CN01")
    codes = [desk.take_in(actor).code for actor in (CLERK, other, CLERK, other)]
    assert codes == [
        "H26.05-261120-0001",
        "H26.01-261120-0001",
        "H26.05-261120-0002",
        "H26.01-261120-0002",
    ]


def test_more_than_9999_dossiers_in_a_day_break_nothing(desk: ServiceDesk) -> None:
    desk.at.blocks.lease(
        agency="H26.05", day=DAY, size=9_997, leased_to="other", leased_at=desk.hands.now
    )
    posts = [Envelope(CLERK, desk.intake()) for _ in range(4)]
    codes = [answer.code for answer in desk.handle(*posts) if isinstance(answer, Accepted)]
    assert codes == [
        "H26.05-261120-9998",
        "H26.05-261120-9999",
        "H26.05-261120-10000",
        "H26.05-261120-10001",
    ]
    again = desk.post(PORTAL, code=codes[3], step="complained", text="chậm")
    assert again.code == codes[3]


def test_two_processes_never_give_one_code_twice(tmp_path: Path) -> None:
    with (
        service_desk(tmp_path, block_size=3) as one,
        service_desk(tmp_path, one.hands, block_size=3) as two,
    ):
        codes = [
            desk.take_in(replace(CLERK, id=f"{name}-{number}")).code
            for number in range(5)
            for name, desk in (("one", one), ("two", two))
        ]
    assert len(set(codes)) == 10


def test_numbers_that_were_leased_and_not_used_are_on_record(tmp_path: Path) -> None:
    with service_desk(tmp_path) as desk:
        desk.take_in()
    with service_desk(tmp_path) as desk:
        engine = desk.at.blocks._engine
        with engine.begin() as connection:
            unused = connection.execute(text("SELECT first, last FROM unused_codes")).all()
    assert [tuple(row) for row in unused] == [(2, 100)]


def test_a_device_brings_a_code_from_its_own_block(desk: ServiceDesk) -> None:
    code = lease(desk)
    assert desk.take_in(TABLET, code=code).code == code


@pytest.mark.parametrize("code", ["H26.05-261120-0011", "H26.06-261120-0001", "H26.05-261119-0001"])
def test_a_device_brings_no_code_outside_its_block(desk: ServiceDesk, code: str) -> None:
    lease(desk)
    with pytest.raises(NotYourCodeError):
        desk.take_in(TABLET, code=code)


def test_a_device_brings_no_code_of_anothers_block(desk: ServiceDesk) -> None:
    code = lease(desk, to=CLERK)
    with pytest.raises(NotYourCodeError):
        desk.take_in(TABLET, code=code)


@pytest.mark.parametrize("spelling", ["H26.05-20261120-0001", "H26.05-261120-00001"])
def test_a_code_of_the_block_in_another_spelling_is_not_the_same_code(
    desk: ServiceDesk, spelling: str
) -> None:
    lease(desk)
    with pytest.raises(NotYourCodeError):
        desk.take_in(TABLET, code=spelling)


def test_the_portal_brings_codes_issued_centrally(desk: ServiceDesk) -> None:
    code = "000.00.01.H26-20261120-1234567"
    assert desk.take_in(PORTAL, code=code).code == code


def test_what_is_no_code_is_refused(desk: ServiceDesk) -> None:
    with pytest.raises(InvalidCodeError):
        desk.take_in(PORTAL, code="H26-269999-0001")


def test_a_code_is_taken_only_once(desk: ServiceDesk) -> None:
    code = lease(desk)
    desk.take_in(TABLET, code=code)
    with pytest.raises(CodeTakenError):
        desk.take_in(TABLET, code=code)
    with pytest.raises(CodeTakenError):
        desk.take_in(PORTAL, code=code)


def test_where_central_codes_collide_with_ours_the_next_free_number_is_given(
    desk: ServiceDesk,
) -> None:
    desk.take_in()
    for number in range(2, 9):
        desk.take_in(PORTAL, code=f"H26.05-261120-{number:04d}")
    assert desk.take_in().code == "H26.05-261120-0009"


def test_a_collision_in_a_batch_does_not_affect_other_items(desk: ServiceDesk) -> None:
    for number in (2, 3, 4, 5, 7):
        desk.take_in(PORTAL, code=f"H26.05-261120-{number:04d}")
    results = desk.handle(*(Envelope(CLERK, desk.intake()) for _ in range(4)))
    codes = [result.code for result in results if isinstance(result, Accepted)]
    assert len(set(codes)) == 4
    assert len(desk.everything()) == 9


# submitted, then received


def test_what_was_submitted_online_stays_online_when_a_desk_receives_it(
    desk: ServiceDesk,
) -> None:
    handed_in = desk.take_in(PORTAL, step="submitted", helped_at="CTV-LONGBIEN")
    assert (handed_in.stage, handed_in.promised_at) == (Stage.SUBMITTED, None)
    desk.later(hours=1)
    taken = desk.take_in(CLERK, code=handed_in.code)
    assert (taken.code, taken.version, taken.status) == (
        handed_in.code,
        2,
        PublicStatus.RECEIVED,
    )
    assert taken.promised_at is not None
    first, second = desk.history(handed_in.code)
    assert isinstance(first, Submitted)
    assert isinstance(second, Received)
    assert (first.channel, second.channel) == ("online", "online")
    assert second.offices == Offices("CTV-LONGBIEN", "CN05", "UBND-LONGBIEN")


def test_what_was_submitted_cannot_be_submitted_again_nor_received_twice(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in(PORTAL, step="submitted").code
    with pytest.raises(StepNotAllowedError):
        desk.take_in(PORTAL, step="submitted", code=code)
    desk.take_in(CLERK, code=code)
    with pytest.raises(CodeTakenError):
        desk.take_in(CLERK, code=code)


def test_a_receipt_may_name_the_version_it_was_meant_for(desk: ServiceDesk) -> None:
    code = desk.take_in(PORTAL, step="submitted").code
    receipt = desk.intake(code=code)
    with pytest.raises(VersionConflictError):
        desk.at.tracker.post(Envelope(CLERK, receipt, if_version=2))
    assert desk.at.tracker.post(Envelope(CLERK, receipt, if_version=1)).version == 2


# offline


def test_a_slip_given_offline_keeps_its_code_its_time_and_its_promise(desk: ServiceDesk) -> None:
    code = lease(desk)
    desk.later(days=3)
    answer = desk.take_in(
        TABLET,
        code=code,
        occurred_at=TODAY.isoformat(),
        promised_at="2026-11-27T17:00:00+07:00",
    )
    (event,) = desk.history(code)
    assert isinstance(event, Received)
    assert (event.occurred_at, event.recorded_at) == (TODAY, TODAY + timedelta(days=3))
    assert event.promise == Promise(datetime(2026, 11, 27, 10, tzinfo=UTC), given=True)
    assert answer.promised_at == datetime(2026, 11, 27, 17, tzinfo=ZONE)


def test_without_a_leased_code_no_promise_may_be_sent(desk: ServiceDesk) -> None:
    promise = {"promised_at": "2026-11-27T17:00:00+07:00"}
    for actor, code in ((CLERK, None), (PORTAL, "H26-261120-0001")):
        with pytest.raises(PromiseNotYoursError):
            desk.take_in(actor, code=code, **promise)
    assert desk.take_in(ADMINISTRATOR, received_at="CN05", **promise).promised_at is not None


def test_a_slip_does_not_promise_the_past_nor_beyond_the_calendar(desk: ServiceDesk) -> None:
    code = lease(desk)
    with pytest.raises(InvalidInputError, match="lies before the intake"):
        desk.take_in(TABLET, code=code, promised_at="2026-11-20T08:59:59+07:00")
    with pytest.raises(CalendarHorizonError):
        desk.take_in(TABLET, code=code, promised_at="2099-11-20T08:59:59+07:00")
    assert desk.everything() == []


# actors and offices


def at_office(role: Role, office: str, name: str = "a") -> Actor:
    return Actor(role, name, office=office)


@pytest.mark.parametrize(
    ("actor", "fields", "error"),
    [
        (CLERK, {"received_at": "CN01"}, WrongPlaceError),
        (at_office(Role.AGENT, "DL-VNPOST-001"), {"received_at": "CN01"}, WrongPlaceError),
        (CLERK, {"received_at": "CN99"}, UnknownOfficeError),
        (at_office(Role.STAFF, ""), {}, UnknownOfficeError),
        (CLERK, {"helped_at": "CN99"}, UnknownOfficeError),
        (at_office(Role.STAFF, "SO-YTE"), {}, NotAReceptionPlaceError),
        (CLERK, {"procedure": "9.999999"}, UnknownAtIntakeError),
        (CLERK, {"procedure": "1.004194"}, ProcedureNotInForceError),
        (
            at_office(Role.AGENT, "DL-VNPOST-001"),
            {"procedure": "2.000815"},
            NotOpenToAgentsError,
        ),
        (at_office(Role.STAFF, "CTV-LONGBIEN"), {}, CollaboratorMissingError),
        (
            at_office(Role.COLLABORATOR, "CTV-LONGBIEN", "CTV-LONGBIEN-04"),
            {},
            CollaboratorNotAdmittedError,
        ),
        (
            at_office(Role.COLLABORATOR, "CTV-LONGBIEN", "CTV-LONGBIEN-04"),
            {"collaborator": "CTV-LONGBIEN-03"},
            NotThisCollaboratorError,
        ),
        (CLERK, {"occurred_at": "2024-10-23T09:00:00+07:00"}, OfficeClosedError),
        (Actor(Role.CARRIER, "c", partner="VNPOST"), {}, NotAllowedError),
        (Actor(Role.AUDITOR, "c", office="CN05"), {}, NotAllowedError),
    ],
)
def test_what_the_rules_do_not_allow_is_refused_and_leaves_nothing(
    desk: ServiceDesk, actor: Actor, fields: dict[str, str], error: type[TrackerError]
) -> None:
    with pytest.raises(error) as refused:
        desk.take_in(actor, **fields)
    assert type(refused.value) is error
    assert desk.everything() == []


@pytest.mark.parametrize(
    ("actor", "channel"),
    [
        (at_office(Role.STAFF, "CN05-D1"), "counter"),
        (at_office(Role.AGENT, "DL-VNPOST-001"), "agent"),
        (at_office(Role.COLLABORATOR, "CTV-LONGBIEN", "CTV-LONGBIEN-03"), "collaborator"),
        (at_office(Role.KIOSK, "KIOSK-02"), "kiosk"),
        (at_office(Role.STAFF, "LUUDONG-1"), "mobile"),
        (PORTAL, "online"),
    ],
)
def test_each_of_the_six_ways_in_is_a_channel_of_its_own(
    desk: ServiceDesk, actor: Actor, channel: str
) -> None:
    (event,) = desk.history(desk.take_in(actor).code)
    assert isinstance(event, Received)
    assert event.channel == channel


# older systems


def legacy(desk: ServiceDesk, **fields: object) -> Envelope:
    message = LegacyIntake.model_validate(
        {
            "event_id": "old-1",
            "occurred_at": "2019-03-01T09:00:00+07:00",
            "code": "hs-2019.0001",
            "channel": "một cửa",
            "procedure": "HT-01",
            "helped_at": "UBND xã",
            "received_at": "UBND xã",
            "decided_by": "UBND-LONGBIEN",
            "promised_at": "2019-03-08T17:00:00+07:00",
            "way_of_return": "collect",
        }
        | fields
    )
    return Envelope(ADMINISTRATOR, message)


def test_a_dossier_of_an_older_system_is_taken_over_unchanged(desk: ServiceDesk) -> None:
    answer = desk.at.tracker.post(legacy(desk))
    assert (answer.code, answer.version, answer.stage) == ("hs-2019.0001", 1, Stage.RECEIVED)
    (event,) = desk.history("hs-2019.0001")
    assert isinstance(event, Received)
    assert event == replace(
        event,
        channel="một cửa",
        offices=Offices("UBND xã", "UBND xã", "UBND-LONGBIEN"),
        procedure="HT-01",
        procedure_version=0,
        papers=(),
        applicant=None,
        way_of_return=WayOfReturn.COLLECT,
        promise=Promise(datetime(2019, 3, 8, 10, tzinfo=UTC), given=True),
    )


def test_an_old_dossier_goes_on_like_any_other_and_its_pauses_move_its_date(
    desk: ServiceDesk,
) -> None:
    recent = {"occurred_at": "2026-11-16T09:00:00+07:00", "promised_at": "2026-11-25T17:00:00Z"}
    code = desk.at.tracker.post(legacy(desk, **recent)).code
    desk.post(DECIDER, code=code, step="supplement_asked", reason=REASON)
    desk.later(days=3)
    answer = desk.post(CLERK, code=code, step="supplement_received")
    assert answer.promised_at == datetime(2026, 11, 27, 17, tzinfo=ZONE)
    assert desk.at.reader.personal_data(ADMINISTRATOR, code, "")[2] == {"reason": REASON}


def test_an_old_number_in_small_letters_is_found_in_any_spelling(desk: ServiceDesk) -> None:
    desk.at.tracker.post(legacy(desk))
    for typed in ("hs-2019.0001", "HS-2019.0001", " Hs-2019.0001"):
        answer = desk.post(PORTAL, code=typed, step="complained", text="đâu rồi")
        assert answer.code == "hs-2019.0001"
    desk.at.catch_up()
    row = desk.at.look_up.rows(["HS-2019.0001"])["HS-2019.0001"]
    assert row is not None
    assert row.code == "hs-2019.0001"


def test_an_old_number_is_taken_over_once(desk: ServiceDesk) -> None:
    first = desk.at.tracker.post(legacy(desk))
    assert desk.at.tracker.post(legacy(desk)) == replace(first, duplicate=True)
    for code in ("hs-2019.0001", "HS-2019.0001"):
        with pytest.raises(CodeTakenError):
            desk.at.tracker.post(legacy(desk, event_id=f"old-{code}", code=code))


def test_an_old_dossier_without_a_promise_has_none_and_only_staff_takes_over(
    desk: ServiceDesk,
) -> None:
    assert desk.at.tracker.post(legacy(desk, promised_at=None)).promised_at is None
    with pytest.raises(NotAllowedError):
        desk.at.tracker.post(Envelope(TABLET, legacy(desk, code="hs-2").command))


def test_a_promise_of_an_older_system_without_a_zone_is_refused_by_its_form(
    desk: ServiceDesk,
) -> None:
    with pytest.raises(ValueError, match="promised_at"):
        legacy(desk, promised_at="2019-03-08T17:00:00")


def test_the_picture_of_a_past_moment_is_what_was_known_then(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.later(days=1)
    desk.post(DECIDER, code=code, step="processing_started", occurred_at=TODAY.isoformat())
    then = desk.at.reader.dossier(CLERK, code, Moment(as_of=TODAY, known_at=TODAY))
    now = desk.at.reader.dossier(CLERK, code, Moment(as_of=TODAY))
    assert (then.progress.stage, now.progress.stage) == (Stage.RECEIVED, Stage.PROCESSING)
