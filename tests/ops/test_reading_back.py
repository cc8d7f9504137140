"""The judges themselves: a loss, a double, a gap and a change each make them speak."""

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
    """A record as kafka-python gives it, as far as it is looked at."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int = 0


def event(
    position: int, dossier: int, version: int, *, of: str = "", what: str = "received"
) -> Stored:
    state = json.dumps({"source": "desk", "event_id": of or f"e{position}"}).encode()
    return Stored(position, UUID(int=dossier), version, f"dossier.{what}.v1", state)


def record(it: Stored) -> Record:
    said = {
        "notification_id": str(it.position),
        "originator_version": str(it.version),
        "topic": it.topic,
        "leaf_hash": hashlib.sha256(b"\0" + it.topic.encode() + b"\n" + it.state).hexdigest(),
    }
    return Record(
        it.dossier.hex.encode(), it.state, [(name, text.encode()) for name, text in said.items()]
    )


def answer(it: Stored) -> Acknowledged:
    source, event_id = it.sent_as()
    return Acknowledged(source, event_id, str(it.dossier), it.version, it.position, 2)


def known(told: list[Acknowledged]) -> list[tuple[Any, ...]]:
    return [(it.source, it.event_id, it.code, it.version, it.position) for it in told]


EVENTS = [event(1, 1, 1), event(2, 1, 2), event(4, 2, 1)]
TOLD = [answer(it) for it in EVENTS]


SCANNED = event(5, 1, 3, of="scan", what="carrier_scanned")
DELIVERED = event(6, 1, 4, of="scan", what="delivered")


def test_what_is_whole_is_accepted() -> None:
    assert faults_of_store(EVENTS, known(TOLD), TOLD) == []
    assert faults_of_topic(EVENTS, [record(it) for it in EVENTS]) == []


def test_a_scan_that_delivers_is_one_message_and_two_events() -> None:
    told = [*TOLD, answer(DELIVERED)]
    assert faults_of_store([*EVENTS, SCANNED, DELIVERED], known(told), told) == []
    again = [replace(SCANNED, position=7, version=5), replace(DELIVERED, position=8, version=6)]
    twice = [*EVENTS, SCANNED, DELIVERED, *again]
    assert faults_of_store(twice, known(told), told) != []


def test_what_nobody_was_answered_is_stored_once_or_never() -> None:
    quiet = {EVENTS[2].sent_as()}
    for there in (EVENTS, EVENTS[:2]):
        assert faults_of_store(there, known(TOLD), TOLD[:2], unanswered=quiet) == []
    twice = [*EVENTS, event(5, 2, 2, of="e4")]
    assert faults_of_store(twice, known(TOLD), TOLD[:2], unanswered=quiet) != []


@pytest.mark.parametrize(
    ("events", "told"),
    [
        pytest.param(EVENTS[:2], TOLD, id="lost"),
        pytest.param(EVENTS, TOLD[:2], id="from nobody"),
        pytest.param([EVENTS[0], EVENTS[2]], [TOLD[0], TOLD[2], TOLD[1]], id="lost in between"),
        pytest.param([*EVENTS, replace(EVENTS[0], position=5, version=3)], TOLD, id="twice"),
        pytest.param([EVENTS[0], replace(EVENTS[1], version=3), EVENTS[2]], TOLD, id="a gap"),
        pytest.param([EVENTS[0], replace(EVENTS[1], position=1), EVENTS[2]], TOLD, id="one place"),
        pytest.param(EVENTS, [replace(TOLD[0], version=2), *TOLD[1:]], id="another version told"),
        pytest.param(EVENTS, [replace(TOLD[0], position=9), *TOLD[1:]], id="another place told"),
    ],
)
def test_a_store_that_lost_or_doubled_or_mixed_up_an_event_is_not_accepted(
    events: list[Stored], told: list[Acknowledged]
) -> None:
    assert faults_of_store(events, known(TOLD), told) != []


@pytest.mark.parametrize("row", [("desk", "e1", "other", 1, 1), ("desk", "e9", "x", 1, 9)])
def test_a_request_that_is_known_otherwise_is_not_accepted(row: tuple[Any, ...]) -> None:
    others = [one for one in known(TOLD) if one[1] != row[1]]
    assert faults_of_store(EVENTS, [*others, row], TOLD) != []


def again(one: Record, **changes: Any) -> Record:  # noqa: ANN401
    return replace(one, **changes)


def test_equal_repeats_in_a_topic_are_passed_over() -> None:
    them = [record(it) for it in EVENTS]
    for repeated in (
        [*them, again(them[2])],
        [*them, again(them[0])],
        [them[0], again(them[0]), *them[1:]],
        [*them, *map(again, them)],
    ):
        assert faults_of_topic(EVENTS, repeated) == []
        assert without_repeats(repeated) == them


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(lambda them: them[:2], id="lost"),
        pytest.param(lambda them: [*them, again(them[2], value=b"{}")], id="again, other bytes"),
        pytest.param(lambda them: [*them, again(them[2], partition=1)], id="in another partition"),
        pytest.param(lambda them: [them[1], them[0], them[2]], id="out of order"),
        pytest.param(lambda them: [*them, record(event(5, 1, 3))], id="not stored"),
        pytest.param(
            lambda them: [record(replace(EVENTS[0], state=b"{}")), *them[1:]], id="other bytes"
        ),
        pytest.param(lambda them: [replace(them[0], value=b"{}"), *them[1:]], id="other hash"),
    ],
)
def test_a_topic_that_is_not_the_store_is_not_accepted(
    spoilt: Callable[[list[Record]], list[Record]],
) -> None:
    assert faults_of_topic(EVENTS, spoilt([record(it) for it in EVENTS])) != []
