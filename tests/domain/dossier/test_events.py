"""Stored names and field names never change: all events, compared with a golden file.

For a new event or field, add it to `stored_events.json` by hand. Never change an existing line,
because events like it are already stored.
"""

import json
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from types import EllipsisType, UnionType
from typing import Any, NewType

import pytest

from tests.contract.random_lives import by_dossier, history
from tracker.application.queries.dossier_reader import SEALED_FIELDS
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.registry import EVENTS
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import (
    Correctable,
    NoticeChannel,
    NoticeLanguage,
    Offices,
    Outcome,
    Paper,
    Promise,
    Sealed,
    WayOfReturn,
)
from tracker.domain.network.procedures import PaperForm
from tracker.serialization import UnreadableEventError, decode, decode_for_replay, encode

GOLDEN = json.loads((Path(__file__).parent / "stored_events.json").read_text(encoding="utf-8"))
TOPICS = sorted(GOLDEN["events"])
SUPERSEDED = {"dossier.carrier_scanned.v1"}
"""Stored names that are read for ever and written no more."""

PARTS: tuple[type, ...] = (Actor, Offices, Paper, Promise)
WORDS = (Role, WayOfReturn, Outcome, Correctable, PaperForm, NoticeChannel, NoticeLanguage)

NOT_FREE = {
    "code": "a dossier code",
    "source": "the sender's id",
    "event_id": "the sender's own id, without blanks",
    "channel": "one of six",
    "procedure": "a procedure's code",
    "to_office": "an office's id",
    "clerk": "a clerk's id",
    "reference": "a payment's id",
    "carrier": "a partner's id",
    "number": "a parcel number",
    "scan": "a carrier's scan code",
    "meaning": "one of nine",
    "at_office": "an office's id",
    "value": "an office, a number, a time or a way of return; a personal value is sealed instead",
}
"""Text fields that hold an id or a word of a list."""

OFFICIAL = {
    "basis": "the law it rests on",
    "name": "what was done, in the office's words",
    "unit": "a unit of the office",
    "signer": "who signed for the office",
    "document": "the number of the decision",
    "place": "where a carrier scanned, as it stood until v2",
}
"""Lines an office or a carrier writes about its own work; nothing about the applicant belongs."""


def name_of(hint: Any) -> str:  # noqa: ANN401  any type hint
    if isinstance(hint, NewType):
        return hint.__name__
    if typing.get_origin(hint) in {UnionType, typing.Union}:
        return " | ".join(name_of(argument) for argument in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return f"tuple[{', '.join(name_of(argument) for argument in typing.get_args(hint))}]"
    if isinstance(hint, EllipsisType):
        return "..."
    return "None" if hint is type(None) else str(hint.__name__)


def fields_of(kind: type) -> dict[str, str]:
    hints = typing.get_type_hints(kind)
    return {f.name: name_of(hints[f.name]) for f in fields(kind)}


def test_every_event_is_written_down_under_its_stored_name() -> None:
    assert sorted(EVENTS) == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_the_fields_of_an_event_are_those_written_down(topic: str) -> None:
    assert fields_of(EVENTS[topic]) == GOLDEN["events"][topic]["fields"]


@pytest.mark.parametrize("kind", PARTS)
def test_the_fields_of_the_values_in_events_match_the_golden_file(kind: type) -> None:
    assert fields_of(kind) == GOLDEN["types"][kind.__name__]


@pytest.mark.parametrize("kind", WORDS)
def test_no_stored_word_is_lost(kind: Any) -> None:  # noqa: ANN401  any enumeration
    assert [member.value for member in kind] == GOLDEN["types"][kind.__name__]


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_stored_once_is_read_for_ever(topic: str) -> None:
    stored = GOLDEN["events"][topic]["json"].encode()
    event = decode(topic, stored)
    assert type(event) is EVENTS[topic]
    written = json.loads(encode(event))
    assert {name: written[name] for name in json.loads(stored)} == json.loads(stored)


@pytest.mark.parametrize("topic", TOPICS)
def test_reading_and_writing_an_event_gives_the_same_bytes(topic: str) -> None:
    event = decode(topic, GOLDEN["events"][topic]["json"].encode())
    again = decode(topic, encode(event))
    assert again == event
    assert encode(again) == encode(event)


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_decoded_for_replay_lacks_only_its_sender(topic: str) -> None:
    stored = GOLDEN["events"][topic]["json"].encode()
    event, folded = decode(topic, stored), decode_for_replay(topic, stored)
    left_out = {"by", "source", "event_id"}
    expected = {name: value for name, value in vars(event).items() if name not in left_out}
    assert {name: getattr(folded, name) for name in expected} == expected
    assert not any(hasattr(folded, name) for name in left_out)
    assert folded.step is event.step


@pytest.mark.parametrize("seed", range(20))
def test_events_decoded_for_replay_give_the_same_dossier(seed: int) -> None:
    for events in by_dossier(history(seed)).values():
        stored = [(event.TOPIC, encode(event)) for event in events]
        whole = Dossier.replay(None, [decode(*row) for row in stored])
        assert vars(Dossier.replay(None, [decode_for_replay(*row) for row in stored])) == vars(
            whole
        )


@pytest.mark.parametrize("topic", TOPICS)
def test_a_field_missing_in_a_golden_event_has_a_default(topic: str) -> None:
    there = json.loads(GOLDEN["events"][topic]["json"])
    for event_field in fields(EVENTS[topic]):
        assert event_field.name in there or event_field.default is not MISSING


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_without_one_of_its_fields_is_unreadable_not_guessed(topic: str) -> None:
    there = json.loads(GOLDEN["events"][topic]["json"])
    del there["recorded_at"]
    with pytest.raises(UnreadableEventError):
        decode(topic, json.dumps(there).encode())


def test_an_unknown_name_or_damaged_bytes_are_unreadable() -> None:
    whole = GOLDEN["events"][TOPICS[0]]["json"].encode()
    for topic, state in (("dossier.unheard_of.v1", whole), (TOPICS[0], whole[:-1])):
        with pytest.raises(UnreadableEventError):
            decode(topic, state)
        with pytest.raises(UnreadableEventError):
            decode_for_replay(topic, state)


def test_each_step_has_one_event_and_each_event_its_own_step() -> None:
    written = [kind.step for topic, kind in EVENTS.items() if topic not in SUPERSEDED]
    assert sorted(written) == sorted(Step)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_stored_name_is_the_steps_name_with_its_version(topic: str) -> None:
    version = 1 + sum(EVENTS[older].step is EVENTS[topic].step for older in SUPERSEDED - {topic})
    assert topic == f"dossier.{EVENTS[topic].step.value}.v{version}"


@pytest.mark.parametrize("topic", TOPICS)
def test_text_that_is_neither_an_id_nor_an_offices_own_words_is_sealed(topic: str) -> None:
    hints = typing.get_type_hints(EVENTS[topic])
    plain = {
        event_field.name for event_field in fields(EVENTS[topic]) if hints[event_field.name] is str
    }
    assert plain <= set(NOT_FREE) | set(OFFICIAL)


def test_no_event_holds_a_mapping_or_anything_else_that_text_could_hide_in() -> None:
    names = {name for topic in TOPICS for name in GOLDEN["events"][topic]["fields"].values()}
    assert names <= {
        "UUID",
        "int",
        "str",
        "bool",
        "datetime",
        "datetime | None",
        "Actor",
        "Offices",
        "Outcome",
        "Correctable",
        "WayOfReturn",
        "Promise",
        "Promise | None",
        "Sealed",
        "Sealed | None",
        "tuple[Paper, ...]",
        "tuple[NoticeChannel, ...]",
        "NoticeLanguage",
    }


def test_the_reader_opens_only_the_sealed_fields() -> None:
    sealed = {
        event_field.name
        for kind in EVENTS.values()
        for event_field in fields(kind)
        if typing.get_type_hints(kind)[event_field.name] in {Sealed, Sealed | None}
    }
    assert sealed == SEALED_FIELDS


def test_an_event_cannot_be_changed() -> None:
    event: Event = decode(TOPICS[0], GOLDEN["events"][TOPICS[0]]["json"].encode())
    with pytest.raises(AttributeError):
        event.code = "other"  # type: ignore[misc]
