"""The judges themselves: a loss, a double, a gap and a change each turn them red."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from tests.faults.clients import Acknowledged
from tests.faults.invariants import Stored, check_store, check_topic


@dataclass
class Record:
    """A record as kafka-python gives it, as far as it is looked at."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int = 0


def event(position: int, dossier: int, version: int) -> Stored:
    state = json.dumps({"source": "desk", "event_id": f"e{position}"}).encode()
    return Stored(position, UUID(int=dossier), version, "dossier.received.v1", state)


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
    return Acknowledged(source, event_id, str(it.dossier), it.version, it.position, 2, (201,))


def known(told: list[Acknowledged]) -> list[tuple[Any, ...]]:
    return [(it.source, it.event_id, it.code, it.version, it.position) for it in told]


EVENTS = [event(1, 1, 1), event(2, 1, 2), event(4, 2, 1)]
TOLD = [answer(it) for it in EVENTS]


def test_what_is_whole_is_accepted() -> None:
    check_store(EVENTS, known(TOLD), TOLD)
    check_topic(EVENTS, [record(it) for it in EVENTS])


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (EVENTS[:2], TOLD),
        (EVENTS, TOLD[:2]),
        ([EVENTS[0], EVENTS[2]], [TOLD[0], TOLD[2], TOLD[1]]),
        ([*EVENTS, replace(EVENTS[0], position=5, version=3)], TOLD),
        ([EVENTS[0], replace(EVENTS[1], version=3), EVENTS[2]], TOLD),
        ([EVENTS[0], replace(EVENTS[1], position=1), EVENTS[2]], TOLD),
        (EVENTS, [replace(TOLD[0], version=2), *TOLD[1:]]),
    ],
)
def test_a_store_that_lost_or_doubled_or_mixed_up_an_event_is_not_accepted(
    events: list[Stored], told: list[Acknowledged]
) -> None:
    with pytest.raises(AssertionError):
        check_store(events, known(TOLD), told)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda them: them[:2],
        lambda them: [*them, them[2]],
        lambda them: [them[1], them[0], them[2]],
        lambda them: [*them, record(event(5, 1, 3))],
        lambda them: [record(replace(EVENTS[0], state=b"{}")), *them[1:]],
        lambda them: [replace(them[0], value=b"{}"), *them[1:]],
    ],
)
def test_a_topic_that_is_not_the_store_is_not_accepted(
    spoilt: Callable[[list[Record]], list[Record]],
) -> None:
    with pytest.raises(AssertionError):
        check_topic(EVENTS, spoilt([record(it) for it in EVENTS]))
