"""Dead letters are listed, and retried under their original sender."""

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
def dead_letters(connection: KafkaConnection, names: TopicNames) -> DeadLetters:
    return DeadLetters(connection, names)


def test_a_dead_letter_shows_the_reason_and_nothing_of_the_command(
    mine: Partner, dead_letters: DeadLetters
) -> None:
    assert dead_letters.all() == []
    with serving(mine):
        mine.post(COMPLAINT | {"code": "H26.05-261120-0001"})
        mine.answers()
    [dead_letter] = dead_letters.all()
    assert dead_letter == replace(
        dead_letter,
        number=0,
        kind="unknown-dossier",
        reason="There is no dossier with this code.",
        sender="desk",
        retried=False,
    )
    assert "slow" not in str(dead_letter)


def test_a_retried_dead_letter_is_executed_once(mine: Partner, dead_letters: DeadLetters) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        wrong = COMPLAINT | {"code": created["code"]}
        mine.post(wrong, if_version="9")
        mine.answers()
        dead_letters.retry([0])
        *_, again = mine.answers(3)
        assert again["problem"]["kind"] == "version-conflict"
        first, second = dead_letters.all()
        assert (first.retried, second.retried) == (True, False)


def test_a_command_that_came_too_early_can_be_retried_after_its_key_was_revoked(
    mine: Partner, dead_letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(mine.intake())
        [created] = mine.answers()
        code = created["code"]
        mine.post(COMPLAINT | {"code": code}, if_version="2")
        mine.post(COMPLAINT | {"code": code, "event_id": "c-2"})
        _, early, between = mine.answers()
        mine.container.keys.revoke(mine.key.split("_")[1], mine.container.now())
        dead_letters.retry([0])
        *_, late = mine.answers(4)
    assert (early["outcome"], between["version"]) == ("rejected", 2)
    assert (late["event_id"], late["outcome"], late["version"]) == ("c-1", "created", 3)


def test_dead_letters_are_retried_only_once_and_all_or_none(
    mine: Partner, dead_letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(b"{", b"[")
        mine.answers()
        with pytest.raises(UnknownDeadLetterError):
            dead_letters.retry([0, 77])
        assert [dead_letter.retried for dead_letter in dead_letters.all()] == [False, False]
        dead_letters.retry([0])
        mine.answers(3)
        with pytest.raises(DeadLetterRetriedError):
            dead_letters.retry([1, 0])
        mine.answers(3)


def test_an_equal_repeat_is_the_same_dead_letter(
    mine: Partner, dead_letters: DeadLetters, connection: KafkaConnection, names: TopicNames
) -> None:
    with serving(mine):
        mine.post(b"{", b"[")
        mine.answers()
        known = dead_letters.all()
        kept = [
            Outgoing(names.dead_letters, record.key, record.value, list(record.headers))
            for record in records(connection.servers, names.dead_letters)
        ]
        with Transactions(connection, f"{names.prefix}-forger", limit_s=10) as forger:
            forger.commit([*kept, structs.replace(kept[0], value=b"other")])
        *same, other = dead_letters.all()
        assert same == known
        dead_letters.retry([same[0].number])
        assert [dead_letter.retried for dead_letter in dead_letters.all()[:3]] == [
            True,
            False,
            False,
        ]
        assert other.size == len(b"other")


def test_a_dead_letter_of_an_unknown_sender_cannot_be_retried(
    mine: Partner, dead_letters: DeadLetters
) -> None:
    with serving(mine):
        mine.post(mine.intake(), key="trk_unknown_key")
        mine.answers()
    [dead_letter] = dead_letters.all()
    assert dead_letter.sender == ""
    with pytest.raises(UnknownSenderOfDeadLetterError):
        dead_letters.retry([dead_letter.number])


def test_a_forged_actor_is_refused(mine: Partner) -> None:
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
def test_a_seal_is_valid_for_one_actor_one_command_and_one_version(
    value: bytes, if_version: str, text: bytes | None
) -> None:
    seal = ActorSeal(SECRET)
    actor = Actor(Role.STAFF, "desk", "CN01")
    written, mac = seal.seal(actor, b"value", "")
    assert seal.open(written, mac, b"value", "") == actor
    with pytest.raises(BrokenActorSealError):
        seal.open(text or written, mac, value, if_version)
