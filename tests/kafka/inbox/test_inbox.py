"""Inbox records are executed once and answered once, and an invalid one does not block others."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from ops.reading_back import headers, records
from tests.kafka.inbox.posting import Partner, failing, partner, serving
from tests.kafka.relaying import until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError
from tracker.domain.errors import TrackerError

pytestmark = pytest.mark.system


@pytest.fixture
def mine(connection: KafkaConnection, names: TopicNames, tmp_path: Path) -> Iterator[Partner]:
    with partner(connection, names, tmp_path) as mine:
        yield mine


def test_an_intake_and_its_steps_are_created_in_their_order(mine: Partner) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        code = created["code"]
        step = {"event_id": "s-1", "occurred_at": created["promised_at"], "code": code}
        mine.post(
            step | {"step": "complained", "text": "too slow", "occurred_at": "2026-11-20T05:00:00Z"}
        )
        _, complained = mine.answers()
    assert created == {
        "event_id": "intake-1",
        "outcome": "created",
        "code": code,
        "version": 1,
        "position": 1,
        "promised_at": created["promised_at"],
    }
    assert (complained["outcome"], complained["code"], complained["version"]) == (
        "created",
        code,
        2,
    )
    assert mine.stored() == 2


def test_an_answer_has_the_key_and_the_place_of_its_record(mine: Partner) -> None:
    with serving(mine):
        mine.post(mine.intake(), mine.intake())
        mine.answers()
    assert {answer.key for answer in mine.raw_answers()} == {b"mine"}
    assert sorted(int(headers(answer)["inbox-offset"]) for answer in mine.raw_answers()) == [0, 1]


def test_the_same_event_id_counts_once_and_other_content_is_refused(mine: Partner) -> None:
    intake = mine.intake()
    with serving(mine):
        mine.post(intake)
        mine.post(intake, intake | {"procedure": "1.000001"})
        first, second, third = mine.answers()
    assert second == first | {"outcome": "duplicate"}
    assert (third["outcome"], third["problem"]["kind"]) == ("rejected", "event-id-reused")
    assert mine.stored() == 1


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (b"{", "malformed"),
        (b"", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b"[]", "invalid-input"),
        ({"event_id": "x", "Nguyen Thi An": 1}, "invalid-input"),
        ({"event_id": "x", "step": "nonsense Nguyen"}, "invalid-input"),
        (
            {
                "event_id": "x",
                "step": "rated",
                "score": 3,
                "code": "H26.05-261120-0001",
                "occurred_at": "2026-11-20T05:00:00Z",
            },
            "unknown-dossier",
        ),
    ],
)
def test_an_invalid_record_is_answered_and_does_not_delay_the_next(
    mine: Partner, item: object, kind: str
) -> None:
    with serving(mine):
        mine.post(item, mine.intake())
        wrong, right = mine.answers()
    assert (wrong["outcome"], wrong["problem"]["kind"]) == ("rejected", kind)
    assert right["outcome"] == "created"
    assert "Nguyen" not in str(wrong)
    [dead] = records(mine.connection.servers, mine.names.dead_letters)
    dead_headers = headers(dead)
    assert dead.key == b"mine"
    assert (dead_headers["kind"], dead_headers["reason"]) == (kind, wrong["problem"]["detail"])
    assert (dead_headers["topic"], dead_headers["offset"]) == (mine.names.inbox, "0")


def test_a_fault_has_its_place_and_reason_and_nothing_of_the_command(mine: Partner) -> None:
    with serving(mine):
        mine.post(mine.intake(applicant={"name": "An", "phone": "Nguyen", "Tran": "Le"}))
        [answer] = mine.answers()
    assert answer["event_id"] == "intake-1"
    phone, unknown = answer["problem"]["errors"]
    assert phone["pointer"] == "#/applicant/phone"
    assert phone["detail"].startswith("must fit the pattern")
    assert unknown == {"pointer": "#/applicant/*", "detail": "is not known here"}


@pytest.mark.parametrize("key", [None, "", "trk_0123456789ab_wrong", "nonsense"])
def test_an_unknown_sender_is_refused_and_the_key_is_not_stored(
    mine: Partner, key: str | None
) -> None:
    with serving(mine):
        if key == "":
            mine.container.keys.revoke(mine.key.split("_")[1], mine.container.now())
        mine.post(mine.intake(), key=key)
        [answer] = mine.answers()
    assert answer["problem"]["kind"] == "unknown-key"
    assert answer["event_id"] == "intake-1"
    assert mine.stored() == 0
    [dead] = records(mine.connection.servers, mine.names.dead_letters)
    assert "actor" not in headers(dead)
    for record in [dead, *mine.raw_answers()]:
        assert b"trk_" not in record.value
        assert "trk_" not in str(record.headers)


def test_a_key_is_not_copied_into_a_dead_letter(mine: Partner) -> None:
    with serving(mine):
        mine.post(b"{")
        mine.answers()
    [dead] = records(mine.connection.servers, mine.names.dead_letters)
    assert mine.key not in str(dead)
    assert set(headers(dead)) == {
        "kind",
        "reason",
        "topic",
        "partition",
        "offset",
        "actor",
        "seal",
    }


def test_an_outdated_version_is_refused_with_the_current_one(mine: Partner) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        step = {
            "event_id": "s",
            "occurred_at": "2026-11-20T05:00:00Z",
            "step": "complained",
            "text": "x",
            "code": created["code"],
        }
        mine.post(step, if_version="7")
        mine.post(step, if_version="seven")
        mine.post(step, if_version="1")
        _, outdated, nonsense, fitting = mine.answers()
    assert outdated["problem"]["kind"] == "version-conflict"
    assert outdated["problem"]["current_version"] == 1
    assert nonsense["problem"]["kind"] == "malformed"
    assert fitting["outcome"] == "created"


def test_the_inbox_waits_for_a_store_that_does_not_answer(mine: Partner) -> None:
    refusals = iter([True] * 4)
    handle = failing(
        mine.container.tracker.handle,
        lambda _: StoreUnavailableError() if next(refusals, False) else None,
    )
    with serving(mine, handle):
        mine.post(mine.intake(), mine.intake())
        outcomes = [answer["outcome"] for answer in mine.answers()]
    assert outcomes == ["created", "created"]
    assert records(mine.connection.servers, mine.names.dead_letters) == []


def test_a_record_that_causes_an_error_becomes_a_dead_letter_and_the_others_are_executed(
    mine: Partner,
) -> None:
    bad = mine.intake(event_id="bad")

    def breaks(envelopes: Sequence[Envelope]) -> Exception | None:
        if any(envelope.command.event_id == "bad" for envelope in envelopes):
            return ZeroDivisionError("Nguyen")
        return None

    with serving(mine, failing(mine.container.tracker.handle, breaks)):
        mine.post(mine.intake(), bad, mine.intake())
        answers = mine.answers()
    assert [answer["outcome"] for answer in answers] == ["created", "rejected", "created"]
    assert answers[1]["problem"] == {
        "kind": "internal",
        "detail": "It was noted and will be looked at.",
    }
    [dead] = records(mine.connection.servers, mine.names.dead_letters)
    assert "Nguyen" not in str(dead.headers)


def test_a_crash_between_the_store_and_the_answer_leaves_one_dossier_and_one_answer(
    mine: Partner,
) -> None:
    def execute_and_die(envelopes: Sequence[Envelope]) -> Sequence[Accepted | TrackerError]:
        mine.container.tracker.handle(envelopes)
        raise SystemExit

    mine.post(mine.intake())
    with pytest.raises(SystemExit), serving(mine, execute_and_die):
        until(lambda: mine.stored() == 1)
    assert mine.raw_answers() == []
    with serving(mine):
        [answer] = mine.answers()
    assert (answer["outcome"], answer["version"]) == ("duplicate", 1)
    assert mine.stored() == 1


@pytest.mark.slow
def test_several_workers_share_the_inbox_and_each_record_is_answered_once(mine: Partner) -> None:
    with ExitStack() as workers:
        workers.enter_context(serving(mine))
        for _ in range(3):
            mine.post(*[mine.intake() for _ in range(40)])
            workers.enter_context(serving(mine))
        answers = mine.answers()
    assert {answer["outcome"] for answer in answers} <= {"created", "duplicate"}
    assert len({answer["code"] for answer in answers}) == 120
    assert mine.stored() == 120
    assert len(mine.raw_answers()) == 120
