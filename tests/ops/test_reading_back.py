"""The checks of read-back data report each loss, repeat, gap and change."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from ops.reading_back import Acknowledged, Stored, faults_of_store, faults_of_topic, without_repeats


@dataclass
class Record:
    """The fields of a kafka-python record that the checks read."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int = 0


def event(
    position: int, dossier: int, version: int, *, of: str = "", what: str = "received"
) -> Stored:
    state = json.dumps({"source": "desk", "event_id": of or f"e{position}"}).encode()
    return Stored(position, UUID(int=dossier), version, f"dossier.{what}.v1", state)


def record(stored: Stored) -> Record:
    leaf = b"\0" + stored.topic.encode() + b"\n" + stored.state
    headers = {
        "notification_id": str(stored.position),
        "originator_version": str(stored.version),
        "topic": stored.topic,
        "leaf_hash": hashlib.sha256(leaf).hexdigest(),
    }
    return Record(
        stored.dossier.hex.encode(),
        stored.state,
        [(name, text.encode()) for name, text in headers.items()],
    )


def answer(stored: Stored) -> Acknowledged:
    source, event_id = stored.sent_as()
    return Acknowledged(source, event_id, str(stored.dossier), stored.version, stored.position, 2)


def requests_of(answers: list[Acknowledged]) -> list[tuple[Any, ...]]:
    return [
        (answer.source, answer.event_id, answer.code, answer.version, answer.position)
        for answer in answers
    ]


EVENTS = [event(1, 1, 1), event(2, 1, 2), event(4, 2, 1)]
ANSWERS = [answer(event) for event in EVENTS]
SCANNED = event(5, 1, 3, of="scan", what="carrier_scanned")
DELIVERED = event(6, 1, 4, of="scan", what="delivered")


def test_complete_data_are_accepted() -> None:
    assert faults_of_store(EVENTS, requests_of(ANSWERS), ANSWERS) == []
    assert faults_of_topic(EVENTS, [record(event) for event in EVENTS]) == []


def test_a_scan_that_delivers_is_one_command_and_two_events() -> None:
    answers = [*ANSWERS, answer(DELIVERED)]
    assert faults_of_store([*EVENTS, SCANNED, DELIVERED], requests_of(answers), answers) == []
    again = [replace(SCANNED, position=7, version=5), replace(DELIVERED, position=8, version=6)]
    twice = [*EVENTS, SCANNED, DELIVERED, *again]
    assert faults_of_store(twice, requests_of(answers), answers) != []


def test_a_command_without_an_answer_is_stored_once_or_never() -> None:
    unanswered = {EVENTS[2].sent_as()}
    for events in (EVENTS, EVENTS[:2]):
        assert (
            faults_of_store(events, requests_of(ANSWERS), ANSWERS[:2], unanswered=unanswered) == []
        )
    twice = [*EVENTS, event(5, 2, 2, of="e4")]
    assert faults_of_store(twice, requests_of(ANSWERS), ANSWERS[:2], unanswered=unanswered) != []


@pytest.mark.parametrize(
    ("events", "answers"),
    [
        pytest.param(EVENTS[:2], ANSWERS, id="lost"),
        pytest.param(EVENTS, ANSWERS[:2], id="without an answer"),
        pytest.param(
            [EVENTS[0], EVENTS[2]], [ANSWERS[0], ANSWERS[2], ANSWERS[1]], id="lost in between"
        ),
        pytest.param([*EVENTS, replace(EVENTS[0], position=5, version=3)], ANSWERS, id="twice"),
        pytest.param([EVENTS[0], replace(EVENTS[1], version=3), EVENTS[2]], ANSWERS, id="a gap"),
        pytest.param(
            [EVENTS[0], replace(EVENTS[1], position=1), EVENTS[2]], ANSWERS, id="one position twice"
        ),
        pytest.param(
            EVENTS, [replace(ANSWERS[0], version=2), *ANSWERS[1:]], id="another version answered"
        ),
        pytest.param(
            EVENTS, [replace(ANSWERS[0], position=9), *ANSWERS[1:]], id="another position answered"
        ),
    ],
)
def test_a_store_that_lost_repeated_or_mixed_up_an_event_is_not_accepted(
    events: list[Stored], answers: list[Acknowledged]
) -> None:
    assert faults_of_store(events, requests_of(ANSWERS), answers) != []


@pytest.mark.parametrize("row", [("desk", "e1", "other", 1, 1), ("desk", "e9", "x", 1, 9)])
def test_a_request_with_another_result_is_not_accepted(row: tuple[Any, ...]) -> None:
    others = [request for request in requests_of(ANSWERS) if request[1] != row[1]]
    assert faults_of_store(EVENTS, [*others, row], ANSWERS) != []


def again(record: Record, **changes: Any) -> Record:  # noqa: ANN401
    return replace(record, **changes)


def test_equal_repeats_in_a_topic_are_skipped() -> None:
    records = [record(event) for event in EVENTS]
    for repeated in (
        [*records, again(records[2])],
        [*records, again(records[0])],
        [records[0], again(records[0]), *records[1:]],
        [*records, *map(again, records)],
    ):
        assert faults_of_topic(EVENTS, repeated) == []
        assert without_repeats(repeated) == records


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda records: records[:2], id="lost"),
        pytest.param(
            lambda records: [*records, again(records[2], value=b"{}")], id="again, other bytes"
        ),
        pytest.param(
            lambda records: [*records, again(records[2], partition=1)], id="in another partition"
        ),
        pytest.param(lambda records: [records[1], records[0], records[2]], id="out of order"),
        pytest.param(lambda records: [*records, record(event(5, 1, 3))], id="not stored"),
        pytest.param(
            lambda records: [record(replace(EVENTS[0], state=b"{}")), *records[1:]],
            id="other bytes",
        ),
        pytest.param(
            lambda records: [replace(records[0], value=b"{}"), *records[1:]], id="other hash"
        ),
    ],
)
def test_a_topic_that_is_not_the_store_is_not_accepted(
    damage: Callable[[list[Record]], list[Record]],
) -> None:
    assert faults_of_topic(EVENTS, damage([record(event) for event in EVENTS])) != []
