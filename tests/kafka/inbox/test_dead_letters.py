"""What could not be accepted is listed, and handed in again in its sender's name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from ops.reading_back import records
from tests.kafka.inbox.posting import SECRET, Partner, partner, serving
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.inbox.dead_letters import (
    DeadLetterRetriedError,
    DeadLetters,
    UnknownDeadLetterError,
    UnknownSenderOfDeadLetterError,
)
from tracker.adapters.kafka.inbox.sealed_actor import ActorSeal, BrokenActorSealError
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.domain.dossier.actors import Actor, Role

pytestmark = pytest.mark.system

COMPLAINT = {
    "event_id": "c-1",
    "occurred_at": "2026-11-20T05:00:00Z",
    "step": "complained",
    "text": "too slow",
}


@pytest.fixture
def mine(connection: KafkaConnection, names: TopicNames, tmp_path: Path) -> Iterator[Partner]:
    with partner(connection, names, tmp_path) as mine:
        yield mine


@pytest.fixture
def letters(connection: KafkaConnection, names: TopicNames) -> DeadLetters:
    return DeadLetters(connection, names)


def test_a_letter_tells_what_is_needed_and_nothing_of_what_was_sent(
    mine: Partner, letters: DeadLetters
) -> None:
    assert letters.all() == []
    with serving(mine):
        mine.post(COMPLAINT | {"code": "H26.05-261120-0001"})
        mine.answers()
    [letter] = letters.all()
    assert letter == replace(
        letter,
        number=0,
        kind="unknown-dossier",
        reason="There is no dossier with this code.",
        sender="desk",
        retried=False,
    )
    assert "slow" not in str(letter)


def test_a_letter_that_is_handed_in_again_is_carried_out_once(
    mine: Partner, letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        wrong = COMPLAINT | {"code": created["code"]}
        mine.post(wrong, if_version="9")
        mine.answers()
        letters.retry([0])
        *_, again = mine.answers(3)
        assert again["problem"]["kind"] == "version-conflict"
        first, second = letters.all()
        assert (first.retried, second.retried) == (True, False)


def test_what_came_too_early_can_be_handed_in_again_with_the_key_revoked_meanwhile(
    mine: Partner, letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        code = created["code"]
        mine.post(COMPLAINT | {"code": code}, if_version="2")
        mine.post(COMPLAINT | {"code": code, "event_id": "c-2"})
        _, early, between = mine.answers()
        mine.installed.keys.revoke(mine.key.split("_")[1], mine.installed.now())
        letters.retry([0])
        *_, late = mine.answers(4)
    assert (early["outcome"], between["version"]) == ("rejected", 2)
    assert (late["event_id"], late["outcome"], late["version"]) == ("c-1", "created", 3)


def test_a_letter_is_handed_in_again_only_once_and_all_or_none(
    mine: Partner, letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(b"{", b"[")
        mine.answers()
        with pytest.raises(UnknownDeadLetterError):
            letters.retry([0, 77])
        assert [letter.retried for letter in letters.all()] == [False, False]
        letters.retry([0])
        mine.answers(3)
        with pytest.raises(DeadLetterRetriedError):
            letters.retry([1, 0])
        mine.answers(3)


def test_an_equal_repeat_of_a_letter_is_the_same_letter(
    mine: Partner, letters: DeadLetters, connection: KafkaConnection, names: TopicNames
) -> None:
    with serving(mine):
        mine.post(b"{", b"[")
        mine.answers()
        known = letters.all()
        kept = [
            Outgoing(names.dead_letters, one.key, one.value, list(one.headers))
            for one in records(connection.servers, names.dead_letters)
        ]
        with Transactions(connection, f"{names.prefix}-forger", limit_s=10) as forger:
            forger.commit([*kept, structs.replace(kept[0], value=b"other")])
        *same, other = letters.all()
        assert same == known
        letters.retry([same[0].number])
        assert [one.retried for one in letters.all()[:3]] == [True, False, False]
        assert other.size == len(b"other")


def test_a_letter_of_nobody_stays_where_it_is(mine: Partner, letters: DeadLetters) -> None:
    with serving(mine):
        mine.post(mine.intake(), key="trk_unknown_key")
        mine.answers()
    [letter] = letters.all()
    assert letter.sender == ""
    with pytest.raises(UnknownSenderOfDeadLetterError):
        letters.retry([letter.number])


def test_an_actor_written_beside_a_message_by_hand_is_refused(mine: Partner) -> None:
    chief = Actor(Role.ADMINISTRATOR, "chief")
    actor, seal = ActorSeal(b"guessed" * 5).seal(chief, b"{}", "")
    with serving(mine):
        mine.post(mine.intake(), actor=actor.decode(), seal=seal.decode())
        [answer] = mine.answers()
    assert answer["problem"]["kind"] == "not-allowed"
    assert mine.stored() == 0


@pytest.mark.parametrize(
    ("value", "if_version", "text"),
    [(b"other", "", None), (b"value", "1", None), (b"value", "", b'{"role":"manager","id":"x"}')],
)
def test_a_seal_fits_one_actor_one_message_and_one_version(
    value: bytes, if_version: str, text: bytes | None
) -> None:
    seal = ActorSeal(SECRET)
    actor = Actor(Role.STAFF, "desk", "CN01")
    written, mac = seal.seal(actor, b"value", "")
    assert seal.open(written, mac, b"value", "") == actor
    with pytest.raises(BrokenActorSealError):
        seal.open(text or written, mac, value, if_version)
