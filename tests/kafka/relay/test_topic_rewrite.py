"""The events' topic is rewritten while relays and readers run, and they continue in the new one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Self, cast

import pytest
from msgspec import structs

from ops.reading_back import headers, records
from tests.kafka.conftest import PARTITIONS
from tests.kafka.histories import append, histories, sqlite_store
from tests.kafka.relaying import running, until
from tracker.adapters.kafka.audit.restore import restore
from tracker.adapters.kafka.audit.scan import KafkaScan
from tracker.adapters.kafka.connection import KafkaConnection, open_admin, open_consumer
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.records import (
    Outgoing,
    UnreadableRecordError,
    continued,
    is_continued,
    outgoing,
)
from tracker.adapters.kafka.relay.topic_rewrite import Rewriting
from tracker.adapters.kafka.relay_position import KafkaAheadError, current_names
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.adapters.kafka.transactions import Transactions
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.sqlite_store import SQLiteDossierRecorder
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.ports import DossierRecorder
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.follower import Follower
from tracker.projections.model.projector import Projector

pytestmark = pytest.mark.system


def make(connection: KafkaConnection, names: TopicNames) -> None:
    create_topics(
        connection, wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1)[:1]
    )


def rewrite(connection: KafkaConnection, names: TopicNames, store: DossierRecorder) -> TopicNames:
    rewriting = Rewriting(store, connection, names)
    rewriting.check_store()
    make(connection, rewriting.new)
    rewriting.copy()
    rewriting.switch()
    return rewriting.new


def in_use(connection: KafkaConnection, names: TopicNames) -> TopicNames:
    with closing(open_consumer(connection)) as consumer:
        return current_names(consumer, names)


def check(connection: KafkaConnection, names: TopicNames, store: DossierRecorder) -> None:
    """Check that this topic holds the events of the store, each once."""
    published = [
        (int(headers(record)["notification_id"]), record.value)
        for record in records(connection.servers, names.events)
    ]
    stored = [(event.id, event.state) for event in store.select_notifications(0, 99_999)]
    assert sorted(published) == stored


def force(connection: KafkaConnection, names: TopicNames, sent: list[Outgoing]) -> None:
    with Transactions(connection, f"{names.prefix}-forger", limit_s=10) as forger:
        forger.commit(sent)


@contextmanager
def intake(store: DossierRecorder) -> Iterator[None]:
    """Store dossiers continuously while the context lasts."""
    stop = Signal()

    def run() -> None:
        first = 10_000
        while not stop.wait(0.02):
            append(store, histories(2, first=first))
            first += 2

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Following:
    """A read model that follows Kafka in a thread."""

    def __init__(self, feed: KafkaFeed, path: Path) -> None:
        self.engine = open_engine(f"sqlite:///{path}", derived=True)
        self.model = SqlReadModel(self.engine, TimelineProjection())
        self.model.create()
        self.feed = feed
        self._stop = Signal()
        projector = Projector(TimelineProjection(), feed, self.model)
        self._follower = Follower(feed, {TimelineProjection.NAME: projector})
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._follower.run(self._stop.is_set)
        except BaseException as error:  # noqa: BLE001  `digest` raises it again
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.feed.wake()
        self._thread.join(30)
        self.feed.close()
        self.engine.dispose()

    def digest(self) -> str:
        if self._error:
            raise self._error
        return self.model.digest()


def digest_of(store: DossierRecorder, path: Path) -> str:
    engine = open_engine(f"sqlite:///{path}", derived=True)
    try:
        model = SqlReadModel(engine, TimelineProjection())
        model.create()
        Projector(TimelineProjection(), StoreFeed(store), model).catch_up()
        return model.digest()
    finally:
        engine.dispose()


@pytest.mark.parametrize("group", [None, "shared"])
def test_relay_and_readers_continue_in_the_new_generation_during_intake(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    tmp_path: Path,
    group: str | None,
) -> None:
    head = append(store, histories(40))
    group = group and f"{names.prefix}-{group}"
    with (
        running(store, connection, names) as relay,
        Following(KafkaFeed(connection, names, group=group), tmp_path / "a.db") as member,
        Following(KafkaFeed(connection, names), tmp_path / "b.db") as alone,
    ):
        until(lambda: relay.has_published(head))
        repeats = [outgoing(names.events, event) for event in store.select_notifications(1, 30)]
        force(connection, names, repeats)
        with intake(store):
            new = rewrite(connection, names, store)
            until(lambda: len(records(connection.servers, new.events)) > head)
        head = store.max_notification_id() or 0
        until(lambda: relay.has_published(head))
        expected = digest_of(store, tmp_path / "whole.db")
        until(lambda: member.digest() == expected)
        until(lambda: alone.digest() == expected)
        assert {name.rpartition(":")[0] for name in member.feed.heads()} == {new.events}
        assert member.model.store_position() == head
    assert new.events == f"{names.relay}.g2"
    assert in_use(connection, names) == new
    check(connection, new, store)
    old = records(connection.servers, names.events)
    by_partition = {record.partition: record for record in old}
    assert len(by_partition) == PARTITIONS
    for last in by_partition.values():
        assert is_continued(last)
        assert headers(last) == {"continues_in": new.events}


def test_a_damaged_topic_is_rewritten_and_restore_and_scan_read_the_new_one(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, tmp_path: Path
) -> None:
    head = append(store, histories(20))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    [event] = store.select_notifications(1, 1)
    damaged = structs.replace(outgoing(names.events, event), value=b"{}")
    force(connection, names, [damaged, Outgoing(names.events, b"x", b"not ours", [])])
    new = rewrite(connection, names, store)
    check(connection, new, store)
    with KafkaScan(connection, names) as scan:
        assert scan.topic == new.events
        assert [row.position for row in scan.rows()] == list(range(1, head + 1))
        assert (scan.least, scan.most) == (head, head)
    with sqlite_store(tmp_path / "restored.db") as restored:
        empty = cast("SQLiteDossierRecorder", restored)
        assert restore(connection, names, empty) == head
    third = rewrite(connection, names, store)
    assert third.generation == 3
    check(connection, third, store)
    append(store, histories(3, first=500))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(store.max_notification_id() or 0))
    check(connection, third, store)


def test_a_lost_topic_is_rewritten(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    head = append(store, histories(20))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    with open_admin(connection) as admin:
        admin.delete_topics([names.events])
    until(lambda: names.events not in _topics(connection))
    check(connection, rewrite(connection, names, store), store)


def _topics(connection: KafkaConnection) -> set[str]:
    with closing(open_consumer(connection)) as consumer:
        return set(consumer.topics())


def test_an_interrupted_rewrite_is_continued_and_the_old_topic_stays_in_use(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    head = append(store, histories(300))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    first = Rewriting(store, connection, names)
    make(connection, first.new)

    class KilledError(Exception):
        pass

    def die(_: int) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        first.copy(die)
    written = len(records(connection.servers, first.new.events))
    assert 0 < written < head
    with Transactions(connection, first.new.events, limit_s=10) as dead:
        late = store.select_notifications(written + 1, 50)
        producer = dead._open_producer()
        producer.begin_transaction()
        for event in late:
            sent = outgoing(first.new.events, event)
            producer.send(sent.topic, key=sent.key, value=sent.value, headers=sent.headers)
        producer.flush(timeout=10)
    assert in_use(connection, names) == names
    head = append(store, histories(1, first=700))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    check(connection, names, store)
    new = rewrite(connection, names, store)
    assert new == first.new
    check(connection, new, store)
    first.switch()  # a rewrite that was taken for dead finds the switch done
    assert in_use(connection, names) == new


def test_a_topic_is_not_rewritten_from_an_old_backup(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder, tmp_path: Path
) -> None:
    head = append(store, histories(20))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    with sqlite_store(tmp_path / "older.db") as older:
        append(older, list(histories(20))[:30])
        with pytest.raises(KafkaAheadError, match="ends at 30"):
            rewrite(connection, names, older)
        append(older, histories(40, first=500))
        with pytest.raises(KafkaAheadError, match="has another event at that position"):
            rewrite(connection, names, older)
    assert in_use(connection, names) == names


def test_a_forged_last_record_does_not_redirect_readers(
    connection: KafkaConnection, names: TopicNames
) -> None:
    elsewhere = replace(names, generation=7).events
    force(connection, names, [continued(names.events, 0, elsewhere)])
    with (
        closing(KafkaFeed(connection, names)) as feed,
        pytest.raises(UnreadableRecordError, match="offset 0"),
    ):
        feed.read(feed.partitions()[0], after=0, limit=5)
