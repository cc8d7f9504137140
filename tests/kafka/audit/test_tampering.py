"""Tampering with the topics by someone with all rights on Kafka is detected.

Each harm changes the topics as Kafka's administrator could. The check of Kafka alone finds a broken
event, a broken lifecycle and a difference from a signed checkpoint. If only the root differs, it
names the range of events. The comparison with the store names the exact event.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from eventsourcing.persistence import Notification, StoredEvent
from kafka import TopicPartition
from msgspec import structs

from tests.kafka.conftest import PARTITIONS
from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.kafka.connection import KafkaConnection, open_admin, open_producer
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay_position import RelayPosition, as_record
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.kafka.transactions import Transactions
from tracker.adapters.notary.ed25519 import Notary
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.published_records import PublishedDamage, RecordFault
from tracker.application.audit.verify_both import BothDamageKind as Both
from tracker.application.audit.verify_both import BothVerifier
from tracker.application.audit.verify_kafka import KafkaDamageKind, KafkaVerifier
from tracker.application.audit.verify_lifecycles import Fault
from tracker.application.ports import DossierRecorder
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import Frontier
from tracker.serialization import to_stored

pytestmark = pytest.mark.system

EVENTS = 120
SIGNED = (40, 80, 110)
GAP = 61
"""The position without an event, as a rolled-back transaction leaves it."""


def leaf(position: int) -> int:
    """Return the index of the event at a position, from 0."""
    return position - (2 if position > GAP else 1)


@dataclass
class Topics:
    """The content of Kafka in the order of writing, which a harm can change."""

    events: list[Outgoing]
    position: int
    checkpoints: list[str]

    def header(self, at: int, name: str) -> str:
        return dict(self.events[at].headers)[name].decode()

    def change(self, at: int, **changes: object) -> None:
        self.events[at] = structs.replace(self.events[at], **changes)

    def set_header(self, at: int, name: str, text: str) -> None:
        """Replace the text of one header."""
        changed = [
            (key, text.encode() if key == name else value) for key, value in self.events[at].headers
        ]
        self.change(at, headers=changed)

    def rewrite(self, at: int, old: bytes, new: bytes) -> None:
        """Change the bytes and set the matching hash."""
        value = self.events[at].value or b""
        assert old in value
        self.change(at, value=value.replace(old, new))
        hashed = leaf_hash(self.header(at, "topic"), value.replace(old, new)).hex()
        self.set_header(at, "leaf_hash", hashed)

    def is_ours(self, at: int) -> bool:
        """Return whether the record at this index has headers."""
        return bool(self.events[at].headers)

    def of(self, key: bytes | None) -> list[int]:
        """Return the indexes of a dossier's events."""
        return [at for at, record in enumerate(self.events) if record.key == key]

    def follower(self, at: int) -> int:
        """Return the index of the dossier's next event, or `EVENTS` if there is none."""
        return next((later for later in self.of(self.events[at].key) if later > at), EVENTS)

    def some_last(self) -> int:
        """Return the index of a dossier's last event, between two checkpoints."""
        return next(at for at in range(SIGNED[0], SIGNED[1]) if self.follower(at) == EVENTS)


@dataclass(frozen=True)
class Sound:
    """An installation with undamaged topics."""

    path: Path
    notary: Notary
    topics: Topics

    def copy(self) -> Topics:
        return Topics(list(self.topics.events), self.topics.position, [*self.topics.checkpoints])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    directory = tmp_path_factory.mktemp("sound")
    notary = Notary(directory / "log.key", "test/log")
    notary.make_key()
    with sqlite_store(directory / "events.db") as store:
        events = list(histories(EVENTS // 4))
        append(store, events[: GAP - 1])
        late = to_stored(events[GAP - 1])
        store.restore_events([at_position(late, GAP + 1)], [])
        append(store, events[GAP:])
        stored = store.select_notifications(0, 2 * EVENTS)
    assert [event.id for event in stored] == [*range(1, GAP), *range(GAP + 1, EVENTS + 2)]
    tree, checkpoints = Frontier(), list[str]()
    for event in stored:
        tree.append(leaf_hash(event.topic, event.state))
        if tree.size in SIGNED:
            checkpoints.append(str(notary.sign(checkpoint(tree).text)))
    records = [outgoing("", event) for event in stored]
    return Sound(directory / "events.db", notary, Topics(records, EVENTS + 1, checkpoints))


def checkpoint(tree: Frontier) -> Checkpoint:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return Checkpoint(
        origin="test/log",
        size=tree.size,
        root=tree.root(),
        heads=1,
        heads_root=bytes(32),
        made_at=now,
    )


Harm = Callable[[Topics], int]
"""Changes the topics and returns the index of the affected event, or -1."""


def changed(topics: Topics) -> int:
    topics.change(30, value=(topics.events[30].value or b"").replace(b"CN05", b"CN06") + b" ")
    return 30


def changed_with_its_hash(topics: Topics) -> int:
    topics.rewrite(30, b'"clerk"', b'"cleRk"')
    return 30


def deleted(topics: Topics) -> int:
    at = next(at for at in range(SIGNED[0], SIGNED[1]) if topics.follower(at) < SIGNED[1] - 1)
    del topics.events[at]
    return at


def a_last_step_deleted(topics: Topics) -> int:
    at = topics.some_last()
    del topics.events[at]
    return at


def swapped(topics: Topics) -> int:
    """Exchange two events of a dossier together with their headers."""
    first, second = topics.of(topics.events[30].key)[:2]
    topics.events[first], topics.events[second] = topics.events[second], topics.events[first]
    return first


def swapped_under_each_others_numbers(topics: Topics) -> int:
    """Exchange two events of different dossiers, and keep the positions in order."""
    first, second = 10, 11
    assert topics.events[first].key != topics.events[second].key
    numbers = topics.header(first, "notification_id"), topics.header(second, "notification_id")
    topics.events[first], topics.events[second] = topics.events[second], topics.events[first]
    topics.set_header(first, "notification_id", numbers[0])
    topics.set_header(second, "notification_id", numbers[1])
    return first


def inserted(topics: Topics) -> int:
    """Insert an event of an invented dossier at the position without an event."""
    at = leaf(GAP + 1)
    invented = [to_stored(event) for event in histories(1, 1, first=9_000)]
    topics.events.insert(at, outgoing("", at_position(invented[0], GAP)))
    return at


def appended(topics: Topics) -> int:
    invented = [to_stored(event) for event in histories(1, 1, first=9_000)]
    topics.events.append(outgoing("", at_position(invented[0], topics.position + 1)))
    return len(topics.events) - 1


def doubled(topics: Topics) -> int:
    topics.events.append(topics.events[-1])
    return len(topics.events) - 1


def renumbered(topics: Topics) -> int:
    at = leaf(GAP + 1)
    topics.set_header(at, "notification_id", str(GAP))
    return at


def truncated(topics: Topics) -> int:
    del topics.events[100:]
    return 100


def an_older_copy(topics: Topics) -> int:
    del topics.events[100:]
    topics.position = 101
    return 100


def forked(topics: Topics) -> int:
    """Replace an event by another one of the same version."""
    at = topics.some_last()
    topics.rewrite(at, b'"check"', b'"stamp"')
    return at


def another_key(topics: Topics) -> int:
    topics.change(30, key=topics.events[31].key)
    return 30


def another_header(topics: Topics) -> int:
    topics.set_header(30, "event_id", "e-0")
    return 30


def another_time(topics: Topics) -> int:
    topics.set_header(30, "recorded_at", "2020-01-01T00:00:00Z")
    return 30


def a_record_of_another_program(topics: Topics) -> int:
    topics.change(30, headers=[])
    return 30


def a_forged_checkpoint(topics: Topics) -> int:
    topics.checkpoints[1] = topics.checkpoints[1].replace("heads 1 ", "heads 2 ")
    return -1


def an_older_checkpoint_again(topics: Topics) -> int:
    topics.checkpoints.append(topics.checkpoints[0])
    return -1


def at_position(stored: StoredEvent, position: int) -> Notification:
    return Notification(**vars(stored), id=position)


def force(connection: KafkaConnection, names: TopicNames, topics: Topics) -> None:
    """Write topics that a relay would never write."""
    mark = as_record(names, RelayPosition(topics.position, "forger", "x"))
    records = [structs.replace(record, topic=names.events) for record in topics.events]
    signed = [Outgoing(names.checkpoints, None, text.encode(), []) for text in topics.checkpoints]
    with Transactions(connection, f"{names.prefix}-forger", limit_s=5) as kafka:
        kafka.commit([*records, mark, *signed])


def by_itself(
    connection: KafkaConnection, names: TopicNames, sound: Sound
) -> PublishedDamage | None:
    with KafkaScan(connection, names) as scan:
        return KafkaVerifier(scan, scan.checkpoints(), sound.notary.check).first_damage()


def against_the_store(
    connection: KafkaConnection, names: TopicNames, sound: Sound
) -> PublishedDamage | None:
    engine = open_engine(f"sqlite:///{sound.path}")
    try:
        with KafkaScan(connection, names) as scan:
            return BothVerifier(SqlStoreScan(engine), scan).first_damage()
    finally:
        engine.dispose()


def test_undamaged_topics_pass(
    connection: KafkaConnection, names: TopicNames, sound: Sound
) -> None:
    force(connection, names, sound.copy())
    with KafkaScan(connection, names) as scan:
        verifier = KafkaVerifier(scan, scan.checkpoints(), sound.notary.check)
        assert verifier.first_damage() is None
    assert (verifier.events, verifier.dossiers, verifier.checkpoints) == (EVENTS, EVENTS // 4, 3)
    assert verifier.unsigned == EVENTS - SIGNED[-1]
    assert against_the_store(connection, names, sound) is None


@pytest.mark.parametrize(
    "case",
    [
        (changed, RecordFault.WRONG_HASH, Both.CHANGED),
        (changed_with_its_hash, KafkaDamageKind.FORKED, Both.CHANGED),
        (deleted, Fault.WRONG_VERSION, Both.MISSING),
        (a_last_step_deleted, KafkaDamageKind.FORKED, Both.MISSING),
        (swapped, Fault.WRONG_VERSION, Both.SWAPPED),
        (swapped_under_each_others_numbers, KafkaDamageKind.FORKED, Both.SWAPPED),
        (inserted, KafkaDamageKind.FORKED, Both.SURPLUS),
        (appended, KafkaDamageKind.NOT_PUBLISHED, Both.SURPLUS),
        (doubled, None, None),
        (renumbered, None, Both.RENUMBERED),
        (truncated, KafkaDamageKind.END_LOST, Both.MISSING),
        (an_older_copy, KafkaDamageKind.CUT, None),
        (forked, KafkaDamageKind.FORKED, Both.CHANGED),
        (another_key, RecordFault.WRONG_KEY, Both.CHANGED),
        (another_header, RecordFault.WRONG_HEADERS, RecordFault.WRONG_HEADERS),
        (another_time, RecordFault.WRONG_HEADERS, RecordFault.WRONG_HEADERS),
        (a_record_of_another_program, RecordFault.NOT_OURS, RecordFault.NOT_OURS),
        (a_forged_checkpoint, KafkaDamageKind.UNSIGNED, None),
        (an_older_checkpoint_again, None, None),
    ],
    ids=lambda case: case[0].__name__,
)
def test_a_manual_change_is_found_and_located(
    connection: KafkaConnection,
    names: TopicNames,
    sound: Sound,
    case: tuple[Harm, StrEnum | None, StrEnum | None],
) -> None:
    harm, alone, both = case
    topics = sound.copy()
    at = harm(topics)
    force(connection, names, topics)
    by_kafka = by_itself(connection, names, sound)
    by_both = against_the_store(connection, names, sound)
    assert (by_kafka and by_kafka.kind, by_both and by_both.kind) == (alone, both)
    where = Where(sound.topics, topics, at)
    if by_both and by_both.kind is RecordFault.NOT_OURS:
        assert by_kafka == by_both
        assert by_both.detail == "its headers are none"
        assert by_both.row
    elif by_both:
        assert by_both.position in where.positions, by_both
    if by_kafka and by_kafka.row and by_kafka.position:
        assert by_kafka.position in where.positions | where.after, by_kafka
    if by_kafka and by_kafka.kind is KafkaDamageKind.FORKED:
        match = re.search(r"among events (\d+) to (\d+)", by_kafka.detail)
        assert match
        first, last = map(int, match.groups())
        assert first <= min(where.positions) <= last, by_kafka
        assert last - first <= SIGNED[0] + 1


class Where:
    """The old and new positions of the affected event, and those of its dossier's later events."""

    def __init__(self, before: Topics, now: Topics, at: int) -> None:
        both = [topics for topics in (before, now) if at < len(topics.events)]
        self.positions = {
            int(topics.header(at, "notification_id")) for topics in both if topics.is_ours(at)
        }
        key = both[0].events[at].key
        self.after = {
            int(before.header(later, "notification_id")) for later in before.of(key) if later > at
        }


def test_records_deleted_from_the_beginning_are_detected(
    connection: KafkaConnection, names: TopicNames, sound: Sound
) -> None:
    force(connection, names, sound.copy())
    with open_admin(connection) as admin:
        admin.delete_records({TopicPartition(names.events, 2): 3})
    for damage in (
        by_itself(connection, names, sound),
        against_the_store(connection, names, sound),
    ):
        assert damage
        assert damage.detail == "partition 2 begins at offset 3"


def test_an_event_in_another_partition_than_its_dossier_is_found(
    connection: KafkaConnection, names: TopicNames, sound: Sound
) -> None:
    topics = sound.copy()
    at = topics.some_last()
    key = topics.events[at].key
    producer = open_producer(connection, transactional_id=f"{names.prefix}-forger", limit_s=5)
    producer.init_transactions()
    producer.begin_transaction()
    for number, record in enumerate(topics.events):
        home = int.from_bytes(record.key or b"") % PARTITIONS
        to = (home + 1) % PARTITIONS if number == at else home
        producer.send(names.events, record.value, record.key, record.headers, partition=to)
    mark = as_record(names, RelayPosition(topics.position, "forger", "x"))
    producer.send(mark.topic, mark.value, mark.key)
    producer.commit_transaction()
    producer.close()
    damage = by_itself(connection, names, sound)
    assert damage
    assert (damage.kind, damage.position) == (
        KafkaDamageKind.STRAYED,
        int(topics.header(at, "notification_id")),
    )
    assert damage.detail == f"the earlier events are in {int.from_bytes(key or b'') % PARTITIONS}"


def test_a_replaced_log_key_is_found(
    connection: KafkaConnection, names: TopicNames, sound: Sound, tmp_path: Path
) -> None:
    force(connection, names, sound.copy())
    other = Notary(tmp_path / "log.key", "test/log")
    other.make_key()
    with KafkaScan(connection, names) as scan:
        damage = KafkaVerifier(scan, scan.checkpoints(), other.check).first_damage()
    assert damage
    assert damage.kind is KafkaDamageKind.UNSIGNED


def test_published_events_match_the_store_and_events_published_during_the_check_are_no_damage(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, tmp_path: Path
) -> None:
    append(store, histories(30))
    publish_all(store, connection, names)
    engine = open_engine(f"sqlite:///{tmp_path / 'events.db'}")
    with KafkaScan(connection, names) as scan:
        append(store, histories(10, first=100))
        publish_all(store, connection, names)
        verifier = BothVerifier(SqlStoreScan(engine), scan)
        assert verifier.first_damage() is None
        assert verifier.events == 120
        alone = KafkaVerifier(scan, scan.checkpoints(), Notary(tmp_path / "k", "x").check)
        assert alone.first_damage() is None
        assert alone.events == 120
    engine.dispose()
