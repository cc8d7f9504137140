"""The command handler on a real store: each accepted command is stored exactly once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    NAME,
    PORTAL,
    POSTMAN,
    TODAY,
    ServiceDesk,
    service_desk,
)
from tracker.application.commands.envelope import (
    Accepted,
    Envelope,
    RequestReusedError,
    UnknownDossierError,
    VersionConflictError,
)
from tracker.application.commands.registry import read_command
from tracker.application.queries.dossier_reader import Moment
from tracker.application.service import CannotDecideError, NotACarrierError
from tracker.domain.deadlines.calendar import CalendarHorizonError
from tracker.domain.dossier.lifecycle import PublicStatus, Stage
from tracker.domain.dossier.recording import StepNotAllowedError
from tracker.domain.dossier.values import FutureTimeError
from tracker.domain.errors import NotAllowedError, TrackerError
from tracker.domain.network.network import UnknownOfficeError

RESULT = {"step": "decided", "outcome": "granted"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def accepted(results: list[Accepted | TrackerError]) -> list[Accepted]:
    assert all(isinstance(result, Accepted) for result in results), results
    return [result for result in results if isinstance(result, Accepted)]


# one command


def test_an_intake_is_answered_with_code_version_position_stage_and_promise(
    desk: ServiceDesk,
) -> None:
    answer = desk.take_in()
    assert answer == Accepted(
        code="H26.05-261120-0001",
        version=1,
        position=1,
        stage=Stage.RECEIVED,
        status=PublicStatus.RECEIVED,
        promised_at=(TODAY + timedelta(days=6)).replace(hour=10),  # the 24th is a holiday
        duplicate=False,
    )
    assert desk.steps(answer.code) == ["received"]


def test_a_life_from_intake_to_delivery_is_stored_step_by_step(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, step="processing_started")
    desk.post(DECIDER, code=code, step="supplement_asked", reason="thiếu giấy")
    desk.post(CLERK, code=code, step="supplement_received")
    desk.post(DECIDER, code=code, **RESULT)
    desk.post(CLERK, code=code, step="handed_to_carrier", carrier="VNPOST", number="RR473124829VN")
    last = desk.post(POSTMAN, code=code, step="carrier_scanned", number="RR473124829VN", scan="EMI")
    assert (last.version, last.stage, last.status) == (8, Stage.RETURNED, PublicStatus.RETURNED)
    assert desk.steps(code) == [
        "received",
        "processing_started",
        "supplement_asked",
        "supplement_received",
        "decided",
        "handed_to_carrier",
        "carrier_scanned",
        "delivered",
    ]
    assert [event.originator_version for event in desk.history(code)] == list(range(1, 9))


def test_a_step_on_an_unknown_dossier_is_refused(desk: ServiceDesk) -> None:
    for code in ("H26.05-261120-0001", None):
        with pytest.raises(UnknownDossierError):
            desk.post(PORTAL, code=code, step="complained", text="?")


def test_a_code_may_be_typed_carelessly(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    typed = f"  {code.lower().replace('-', chr(0x2013))} "
    assert desk.post(PORTAL, code=typed, step="complained", text="chậm").code == code


def test_every_event_has_the_actor_the_time_and_the_senders_own_id(desk: ServiceDesk) -> None:
    answer = desk.take_in(event_id="tablet-1", occurred_at="2026-11-19T08:00:00+07:00")
    (event,) = desk.history(answer.code)
    assert (event.by, event.source, event.event_id) == (CLERK, "clerk", "tablet-1")
    assert (event.occurred_at, event.recorded_at) == (TODAY - timedelta(hours=25), TODAY)


def test_the_time_of_hearing_never_runs_backwards_when_the_clock_is_set_back(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    desk.later(hours=-2)
    desk.post(PORTAL, code=code, step="complained", text="chậm")
    assert [event.recorded_at for event in desk.history(code)] == [TODAY, TODAY]


# repeated requests


def test_the_digest_of_a_request_is_the_same_as_in_earlier_releases(desk: ServiceDesk) -> None:
    command = desk.intake(papers=[{"name": "Tờ khai"}], promised_at=None)
    content = f"Intake\n{command.model_dump_json(exclude_defaults=True)}"
    assert Envelope(CLERK, command).content() == content.encode()


def test_the_same_post_again_is_a_duplicate_with_the_first_answer(desk: ServiceDesk) -> None:
    post = Envelope(CLERK, desk.intake())
    first = desk.at.tracker.post(post)
    assert desk.at.tracker.post(post) == replace(first, duplicate=True)
    assert len(desk.everything()) == 1


def test_a_retry_days_later_still_gets_the_first_answer_whatever_happened_since(
    desk: ServiceDesk,
) -> None:
    post = Envelope(CLERK, desk.intake())
    first = desk.at.tracker.post(post)
    start = Envelope(DECIDER, desk.message(code=first.code, step="processing_started"))
    second = desk.at.tracker.post(start)
    desk.post(DECIDER, code=first.code, step="supplement_asked", reason="thiếu")
    desk.later(days=3)
    desk.post(CLERK, code=first.code, step="supplement_received")
    desk.post(DECIDER, code=first.code, **RESULT)
    assert desk.at.tracker.post(post) == replace(first, duplicate=True)
    assert desk.at.tracker.post(start) == replace(second, duplicate=True)
    assert len(desk.history(first.code)) == 5


def test_a_scan_with_two_events_is_answered_the_same_when_it_is_repeated(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, **RESULT)
    desk.post(CLERK, code=code, step="handed_to_carrier", carrier="VNPOST", number="X1")
    scan = Envelope(
        POSTMAN, desk.message(code=code, step="carrier_scanned", number="X1", scan="501")
    )
    first = desk.at.tracker.post(scan)
    assert (first.version, first.stage) == (5, Stage.RETURNED)
    assert desk.at.tracker.post(scan) == replace(first, duplicate=True)


def test_the_same_id_with_other_content_is_refused_and_changes_nothing(desk: ServiceDesk) -> None:
    desk.take_in(event_id="once")
    for other in (
        desk.intake(event_id="once", applicant={"name": "Ai đó khác"}),
        desk.intake(event_id="once", procedure="2.001610"),
        desk.message(event_id="once", code="H26.05-261120-0001", step="complained", text="?"),
    ):
        with pytest.raises(RequestReusedError):
            desk.at.tracker.post(Envelope(CLERK, other))
    assert len(desk.everything()) == 1


def test_the_same_moment_written_in_another_zone_is_the_same_content(desk: ServiceDesk) -> None:
    first = desk.take_in(event_id="once", occurred_at="2026-11-20T08:00:00+07:00")
    again = desk.take_in(event_id="once", occurred_at="2026-11-20T01:00:00.000Z")
    assert again == replace(first, duplicate=True)


def test_the_same_id_of_another_sender_is_another_thing(desk: ServiceDesk) -> None:
    first = desk.take_in(event_id="same")
    other = desk.take_in(replace(CLERK, id="other"), event_id="same")
    assert first.code != other.code


def test_two_of_the_same_in_one_batch_are_stored_once(desk: ServiceDesk) -> None:
    post = Envelope(CLERK, desk.intake())
    reused = Envelope(CLERK, desk.intake(event_id=post.command.event_id, way_of_return="collect"))
    first, second, third = desk.handle(post, post, reused)
    assert isinstance(first, Accepted)
    assert second == replace(first, duplicate=True)
    assert first.position == 1
    assert type(third) is RequestReusedError
    assert len(desk.everything()) == 1


def test_what_was_refused_may_be_sent_again_under_the_same_id(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    early = Envelope(CLERK, desk.message(event_id="x", code=code, step="supplement_received"))
    with pytest.raises(StepNotAllowedError):
        desk.at.tracker.post(early)
    desk.post(DECIDER, code=code, step="supplement_asked", reason="thiếu")
    assert desk.at.tracker.post(early).version == 3


# batches


def test_one_bad_item_never_fails_its_neighbours(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    posts = [
        Envelope(CLERK, desk.intake()),
        Envelope(CLERK, desk.intake(procedure="9.999999")),
        Envelope(CLERK, desk.intake(code="H26.05-261120-0099")),
        Envelope(DECIDER, desk.message(code=code, step="resumed")),
        Envelope(PORTAL, desk.message(code="H26-261120-0001", step="complained", text="?")),
        Envelope(CLERK, desk.intake(occurred_at="2026-11-21T09:00:00+07:00")),
        Envelope(CLERK, desk.intake(occurred_at="1999-11-21T09:00:00+07:00")),
        Envelope(DECIDER, desk.message(code=code, **RESULT)),
    ]
    results = desk.handle(*posts)
    names = [type(result).__name__ for result in results]
    assert names == [
        "Accepted",
        "UnknownAtIntakeError",
        "NotYourCodeError",
        "StepNotAllowedError",
        "UnknownDossierError",
        "FutureTimeError",
        "OfficeClosedError",
        "Accepted",
    ]
    assert desk.steps(code) == ["received", "decided"]
    assert len(desk.everything()) == 3


def test_several_steps_of_one_dossier_in_one_batch_follow_each_other(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    steps = [
        Envelope(DECIDER, desk.message(code=code, step="processing_started")),
        Envelope(DECIDER, desk.message(code=code, step="supplement_asked", reason="thiếu")),
        Envelope(DECIDER, desk.message(code=code, **RESULT)),
        Envelope(CLERK, desk.message(code=code, step="supplement_received")),
        Envelope(DECIDER, desk.message(code=code, **RESULT)),
    ]
    results = desk.handle(*steps)
    assert [result.version for result in results if isinstance(result, Accepted)] == [2, 3, 4, 5]
    assert type(results[2]) is StepNotAllowedError
    assert [answer.position for answer in accepted(results[:2] + results[3:])] == [2, 3, 4, 5]
    assert [answer.stage for answer in accepted(results[:2] + results[3:])] == [
        Stage.PROCESSING,
        Stage.WAITING_FOR_PAPERS,
        Stage.PROCESSING,
        Stage.DECIDED,
    ]


def test_a_dossier_taken_in_and_worked_on_in_the_same_batch_is_whole(desk: ServiceDesk) -> None:
    code = "H26-261120-0777"
    results = desk.handle(
        Envelope(PORTAL, desk.intake(step="submitted", code=code)),
        Envelope(CLERK, desk.intake(code=code)),
        Envelope(DECIDER, desk.message(code=code, step="supplement_asked", reason="thiếu")),
    )
    assert [answer.version for answer in accepted(results)] == [1, 2, 3]
    assert desk.at.reader.personal_data(ADMINISTRATOR, code, "")[3] == {"reason": "thiếu"}


def test_an_empty_batch_is_no_trouble(desk: ServiceDesk) -> None:
    assert desk.handle() == []


# versions


def test_a_step_meant_for_another_version_is_refused_with_the_current_one(
    desk: ServiceDesk,
) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, step="processing_started")
    decide = desk.message(code=code, **RESULT)
    for wrong in (0, 1, 3):
        with pytest.raises(VersionConflictError) as refused:
            desk.at.tracker.post(Envelope(DECIDER, decide, if_version=wrong))
        assert refused.value.version == 2
    assert desk.at.tracker.post(Envelope(DECIDER, decide, if_version=2)).version == 3


def test_the_second_of_two_approvals_is_refused(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    first, second = desk.handle(
        Envelope(DECIDER, desk.message(code=code, **RESULT)),
        Envelope(replace(DECIDER, id="other"), desk.message(code=code, **RESULT)),
    )
    assert isinstance(first, Accepted)
    assert type(second) is StepNotAllowedError
    assert desk.steps(code) == ["received", "decided"]


# references of a step


def test_a_dossier_is_forwarded_only_to_an_office_that_decides(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    for wrong, error in (("CN01", CannotDecideError), ("XX", UnknownOfficeError)):
        with pytest.raises(error):
            desk.post(DECIDER, code=code, step="forwarded", to_office=wrong)
    desk.post(DECIDER, code=code, step="forwarded", to_office="SO-YTE")
    with pytest.raises(NotAllowedError):
        desk.post(DECIDER, code=code, **RESULT)


def test_a_parcel_is_handed_only_to_a_partner_that_carries(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, **RESULT)
    with pytest.raises(NotACarrierError):
        desk.post(CLERK, code=code, step="handed_to_carrier", carrier="BIDV", number="X1")


def test_a_date_beyond_the_calendar_cannot_be_promised(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    extension = {"step": "promise_extended", "reason": "chậm", "signer": "TP"}
    with pytest.raises(CalendarHorizonError):
        desk.post(DECIDER, code=code, due_at="2090-01-05T17:00:00+07:00", **extension)
    desk.post(DECIDER, code=code, due_at="2027-01-05T17:00:00+07:00", **extension)


def test_a_corrected_time_counts_as_the_same_moment_whatever_its_zone(desk: ServiceDesk) -> None:
    code = desk.take_in().code
    correction = {"step": "corrected", "corrects": 1, "what": "occurred_at"}
    desk.post(CLERK, code=code, value="2026-11-19T08:00:00+07:00", **correction)
    dossier = desk.at.reader.dossier(ADMINISTRATOR, code, Moment())
    assert dossier.received_at == TODAY - timedelta(hours=25)
    with pytest.raises(FutureTimeError):
        desk.post(CLERK, code=code, value="2026-11-20T09:06:00+07:00", **correction)


# invalid input


@pytest.mark.parametrize(
    "fields",
    [
        {"step": []},
        {"step": {}},
        {"step": None},
        {"step": "erased"},
        {"occurred_at": "0001-01-01T00:00:00+07:00"},
        {"occurred_at": "9999-12-31T23:59:59-07:00"},
        {"occurred_at": "2026-11-20T09:00:00"},
        {"occurred_at": "1763600000"},
        {"occurred_at": 1763600000},
        {"promised_at": "9999-12-31T23:59:59-07:00"},
        {"event_id": "with blank"},
        {"event_id": ""},
        {"event_id": "x" * 101},
        {"applicant": {"name": "  "}},
        {"applicant": {"name": "a\x00b"}},
        {"applicant": {"name": "x", "phone": "0912-345-678"}},
        {"way_of_return": "pigeon"},
        {"unknown": 1},
        {"papers": [{"name": "p", "quantity": 0}]},
        {"papers": [{"name": "p", "quantity": True}]},
        {"procedure": "a b"},
        {"code": "x" * 61},
    ],
)
def test_a_message_out_of_form_is_refused_by_its_form(
    desk: ServiceDesk, fields: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        desk.intake(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"step": "rated", "score": 0},
        {"step": "rated", "score": 6},
        {"step": "rated", "score": True},
        {"step": "fee_asked", "amount": -1, "reason": "r"},
        {"step": "fee_asked", "amount": "50000", "reason": "r"},
        {"step": "promise_extended", "due_at": "9999-12-31T23:59:59-07:00", "reason": "r"},
        {"step": "corrected", "corrects": 1, "what": "occurred_at", "value": "1763600000"},
        {"step": "corrected", "corrects": 1, "what": "occurred_at", "value": "2026-11-20"},
        {"step": "corrected", "corrects": 1, "what": "occurred_at", "value": "2026-11-20T09:00"},
        {
            "step": "corrected",
            "corrects": 1,
            "what": "occurred_at",
            "value": "0001-01-01T00:00:00+07:00",
        },
        {"step": "corrected", "corrects": 1, "what": "applicant", "value": "An"},
        {"step": "corrected", "corrects": 1, "what": "way_of_return", "value": "pigeon"},
        {"step": "corrected", "corrects": 1, "what": "helped_at", "applicant": {"name": NAME}},
        {"step": "corrected", "corrects": 0, "what": "helped_at", "value": "CN01"},
        {"step": "personal_data_erased", "basis": "b"},
    ],
)
def test_a_step_out_of_form_is_refused_by_its_form(
    desk: ServiceDesk, fields: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        desk.message(code="H26.05-261120-0001", **fields)


@pytest.mark.parametrize("item", [None, [], "received", 7, {}])
def test_what_is_no_object_is_no_message(item: object) -> None:
    with pytest.raises(ValidationError):
        read_command(item)
