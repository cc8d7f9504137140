"""Equal repeats are harmless at any place. A different record of an old position is damage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from msgspec import structs

from ops.reading_back import records
from tests.kafka.audit.test_tampering import (
    EVENTS,
    Sound,
    Topics,
    checkpoint,
    force,
    inserted,
    sound,  # noqa: F401  a fixture
)
from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import Running, running, until
from tracker.adapters.kafka.audit.restore import BrokenTopicError, restore
from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.records import Outgoing
from tracker.adapters.kafka.relay_position import PositionUnsureError
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.sqlite_store import SQLiteDossierRecorder
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.published_records import PublishedDamage
from tracker.application.audit.repeats import Repeats
from tracker.application.audit.verify_both import BothVerifier
from tracker.application.audit.verify_kafka import KafkaDamageKind, KafkaVerifier
from tracker.application.ports import DossierRecorder
from tracker.domain.transparency_log.merkle import Frontier

pytestmark = pytest.mark.system

Repeat = Callable[[Topics], int]
"""Repeats some records and returns their number."""


def the_last_at_once(topics: Topics) -> int:
    topics.events.append(topics.events[-1])
    return 1


def the_first_at_the_end(topics: Topics) -> int:
    topics.events.append(topics.events[0])
    return 1


def an_old_one_after_newer_versions(topics: Topics) -> int:
    at = topics.of(topics.events[0].key)
    topics.events.insert(at[-1] + 1, topics.events[at[0]])
    return 1


def a_batch_in_the_middle(topics: Topics) -> int:
    topics.events[60:60] = topics.events[30:60]
    return 30


def a_batch_interleaved_with_its_repeat(topics: Topics) -> int:
    batch = topics.events[30:60]
    topics.events[30:60] = [record for pair in zip(batch, batch, strict=True) for record in pair]
    return 30


def a_batch_interleaved_with_the_next(topics: Topics) -> int:
    batches = zip(topics.events[60:90], topics.events[30:60], strict=True)
    topics.events[60:90] = [record for pair in batches for record in pair]
    return 30


def everything_twice_more(topics: Topics) -> int:
    topics.events *= 3
    return 2 * EVENTS


EQUAL = [
    the_last_at_once,
    the_first_at_the_end,
    an_old_one_after_newer_versions,
    a_batch_in_the_middle,
    a_batch_interleaved_with_its_repeat,
    a_batch_interleaved_with_the_next,
    everything_twice_more,
]


def by_itself(
    connection: KafkaConnection, names: TopicNames, installation: Sound
) -> tuple[PublishedDamage | None, Repeats]:
    with KafkaScan(connection, names) as scan:
        verifier = KafkaVerifier(scan, scan.checkpoints(), installation.notary.check)
        return verifier.first_damage(), verifier.repeats


def with_store(
    connection: KafkaConnection, names: TopicNames, installation: Sound, after: int = 0
) -> tuple[PublishedDamage | None, Repeats]:
    engine = open_engine(f"sqlite:///{installation.path}")
    try:
        with KafkaScan(connection, names) as scan:
            verifier = BothVerifier(SqlStoreScan(engine), scan, after=after)
            return verifier.first_damage(), verifier.repeats
    finally:
        engine.dispose()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[SQLiteDossierRecorder]:
    with sqlite_store(tmp_path / "empty.db") as store:
        yield cast("SQLiteDossierRecorder", store)


@pytest.mark.parametrize("repeat", EQUAL)
def test_equal_repeats_are_counted_and_skipped_by_a_restore(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
    empty: SQLiteDossierRecorder,
    repeat: Repeat,
) -> None:
    topics = sound.copy()
    count = repeat(topics)
    force(connection, names, topics)
    damage, repeats = by_itself(connection, names, sound)
    assert (damage, repeats.count) == (None, count)
    assert "offset" in str(repeats)
    for after in (0, 50, topics.position):
        damage, repeats = with_store(connection, names, sound, after)
        assert (damage, repeats.count) == (None, count)
    assert restore(connection, names, empty) == EVENTS
    with sqlite_store(sound.path) as store:
        assert empty.select_notifications(0, 999) == store.select_notifications(0, 999)


Damage = Callable[[Topics], int]
"""Adds a different record of an old position and returns that position."""


def with_other_bytes(topics: Topics, at: int, place: int) -> int:
    """Repeat the event at index `at` with other bytes and their hash, at index `place`."""
    topics.events.insert(place, topics.events[at])
    topics.rewrite(place, b'"clerk"', b'"cleRk"')
    return int(topics.header(place, "notification_id"))


def at_the_end(topics: Topics) -> int:
    return with_other_bytes(topics, 30, EVENTS)


def right_after_the_first(topics: Topics) -> int:
    return with_other_bytes(topics, 30, 31)


def after_an_equal_one(topics: Topics) -> int:
    topics.events.append(topics.events[30])
    return with_other_bytes(topics, 30, EVENTS + 1)


def before_an_equal_one(topics: Topics) -> int:
    position = with_other_bytes(topics, 30, EVENTS)
    topics.events.append(topics.events[30])
    return position


def another_version_under_an_old_position(topics: Topics) -> int:
    topics.events.append(topics.events[topics.of(topics.events[30].key)[-1]])
    topics.set_header(EVENTS, "notification_id", topics.header(30, "notification_id"))
    return int(topics.header(30, "notification_id"))


def hash_that_does_not_fit(topics: Topics) -> int:
    topics.events.append(
        structs.replace(topics.events[30], value=(topics.events[30].value or b"") + b" ")
    )
    return int(topics.header(30, "notification_id"))


DIFFERENT = [
    at_the_end,
    right_after_the_first,
    after_an_equal_one,
    before_an_equal_one,
    another_version_under_an_old_position,
    hash_that_does_not_fit,
]


@pytest.mark.parametrize("harm", DIFFERENT)
def test_every_check_finds_a_different_record_of_an_old_position(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
    empty: SQLiteDossierRecorder,
    harm: Damage,
) -> None:
    topics = sound.copy()
    position = harm(topics)
    force(connection, names, topics)
    for damage, _ in (
        by_itself(connection, names, sound),
        with_store(connection, names, sound),
        with_store(connection, names, sound, after=50),
        with_store(connection, names, sound, after=topics.position),
    ):
        assert damage
        assert damage.position == position
        assert damage.row
        assert f"partition {damage.row.partition}, offset {damage.row.offset}: " in str(damage)
        assert damage.row.dossier_id in str(damage)
    with pytest.raises(BrokenTopicError) as raised:
        restore(connection, names, empty)
    assert f"{names.events}, " in str(raised.value)


@pytest.mark.parametrize("after", [1, 50, 119, EVENTS + 1])
def test_an_old_event_under_another_number_is_found_since_any_checkpoint(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
    after: int,
) -> None:
    """No event has position 61, so a forged record can take that position."""
    topics = sound.copy()
    topics.events.append(topics.events[0])
    topics.set_header(EVENTS, "notification_id", "61")
    force(connection, names, topics)
    damage, _ = with_store(connection, names, sound, after=after)
    assert damage
    assert damage.position in {1, 61}


@pytest.mark.parametrize("after", [70, EVENTS + 1])
def test_an_event_inserted_before_the_checkpoint_is_found_by_the_count(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
    after: int,
) -> None:
    topics = sound.copy()
    inserted(topics)
    force(connection, names, topics)
    damage, _ = with_store(connection, names, sound, after=after)
    assert damage
    assert damage.position == 61


def test_a_relay_continues_after_equal_repeats_and_stops_at_a_different_record(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(20))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(80))
    topics = Topics([], 80, [])
    topics.events = [
        Outgoing(names.events, record.key, record.value, list(record.headers))
        for record in records(connection.servers, names.events)
    ]
    again = Topics(topics.events[:30] + topics.events[:10], 80, [])
    force(connection, names, again)
    head = append(store, histories(5, first=100))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    bad = Topics([topics.events[3]], head, [])
    bad.rewrite(0, b'"e-', b'"f-')
    force(connection, names, bad)
    append(store, histories(1, first=200))
    stopped = Running(store, connection, names)
    stopped.thread.start()
    until(stopped.ended)
    assert isinstance(stopped.error, PositionUnsureError)
    assert "other bytes than the store" in str(stopped.error)


def test_a_smaller_checkpoint_that_was_never_published_is_still_found(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
) -> None:
    topics = sound.copy()
    tree = Frontier()
    tree.append(bytes(32))
    topics.checkpoints.append(str(sound.notary.sign(checkpoint(tree).text)))
    force(connection, names, topics)
    damage, _ = by_itself(connection, names, sound)
    assert damage
    assert damage.kind is KafkaDamageKind.SHRUNK


def test_many_suspects_are_checked_in_several_passes(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tracker.application.audit.repeats._MOST_WAITING", 7)
    topics = sound.copy()
    everything_twice_more(topics)
    force(connection, names, topics)
    damage, repeats = by_itself(connection, names, sound)
    assert (damage, repeats.count) == (None, 2 * EVENTS)
