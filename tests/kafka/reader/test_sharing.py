"""Workers share the partitions, and no event is lost or doubled when one moves."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from time import sleep
from typing import Any

import pytest
from kafka.structs import MemberState
from sqlalchemy import Engine

from tests.kafka.conftest import PARTITIONS
from tests.kafka.histories import append, histories
from tests.kafka.relaying import publish_all, running, until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.topics import TopicNames
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.application.ports import DossierRecorder
from tracker.projections.dossier.status import StatusProjection
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector

pytestmark = [pytest.mark.system, pytest.mark.slow]


class Worker:
    """A worker thread that updates one read model until it leaves."""

    def __init__(
        self, kind: type[Projection], feed: KafkaFeed, engine: Engine, *, batch: int
    ) -> None:
        self.feed = feed
        self.assigned: set[str] = set()
        self.error: Exception | None = None
        self._projector = Projector(kind(), feed, SqlReadModel(engine, kind()))
        self._batch = batch
        self._stop = Signal()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                partitions = self.feed.partitions()
                self.assigned.update(partitions)
                for partition in partitions:
                    self._projector.run_once(partition, limit=self._batch)
                self.feed.wait(0.02)
        except Exception as error:  # noqa: BLE001  `leave` raises it again
            self.error = error

    def leave(self) -> None:
        self._stop.set()
        self.feed.wake()
        self._thread.join(30)
        self.feed.close()
        if self.error:
            raise self.error


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    first, second = (open_engine(f"sqlite:///{tmp_path / name}.db") for name in ("one", "other"))
    yield first, second
    first.dispose()
    second.dispose()


@pytest.mark.parametrize("kind", [StatusProjection, TimelineProjection])
def test_every_event_counts_once_while_workers_join_and_leave(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    engines: tuple[Engine, Engine],
    kind: type[Projection],
) -> None:
    engine, plain = engines
    model = SqlReadModel(engine, kind())
    model.create()

    def worker(batch: int) -> Worker:
        feed = KafkaFeed(connection, names, group=f"{names.prefix}-{kind.NAME}")
        return Worker(kind, feed, engine, batch=batch)

    with running(store, connection, names) as relay:
        workers = [worker(3)]
        for first in range(1, 600, 100):
            append(store, histories(50, 5, first=first))
            relay.relay.wake()
            workers.append(worker(3))
            until(lambda: bool(workers[-1].assigned))
            if len(workers) > 2:
                workers.pop(0).leave()
        head = store.max_notification_id() or 0
        until(lambda: relay.has_published(head))

        def done() -> bool:
            with closing(KafkaFeed(connection, names)) as whole:
                return all(
                    not whole.read(partition, after=model.position(partition), limit=1)
                    for partition in whole.partitions()
                )

        until(done)
        assert all(worker.assigned for worker in workers)
        for member in workers:
            member.leave()

    expected = SqlReadModel(plain, kind())
    expected.create()
    assert Projector(kind(), StoreFeed(store), expected).catch_up() == 1500
    assert model.digest() == expected.digest()


def test_a_reassigned_partition_is_read_from_its_old_position(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    group = f"{names.prefix}-group"
    positions: dict[str, int] = {}

    def read_on(feed: KafkaFeed) -> int:
        count = 0
        for partition in feed.partitions():
            while read := feed.read(partition, after=positions.get(partition, 0), limit=10):
                positions[partition] = read[-1].position
                count += len(read)
        return count

    def shares(feed: KafkaFeed, other: KafkaFeed | None = None) -> bool:
        feed.wait(0.05)
        if other is not None:
            other.wait(0.05)
            return len(feed.partitions()) == len(other.partitions()) == PARTITIONS // 2
        return len(feed.partitions()) == PARTITIONS

    with closing(KafkaFeed(connection, names, group=group)) as feed_a:
        until(lambda: shares(feed_a))
        append(store, histories(20))
        publish_all(store, connection, names)
        feed_a.wake()
        assert read_on(feed_a) == 80
        with closing(KafkaFeed(connection, names, group=group)) as feed_b:
            until(lambda: shares(feed_a, feed_b))
            append(store, histories(20, first=100))
            publish_all(store, connection, names)
            feed_a.wake()
            count = read_on(feed_a)
        assert 0 < count < 80
        until(lambda: shares(feed_a))
        append(store, histories(20, first=200))
        publish_all(store, connection, names)
        feed_a.wake()
        assert read_on(feed_a) == 160 - count


def test_a_worker_stuck_in_a_rebalance_recovers(
    connection: KafkaConnection, names: TopicNames, store: DossierRecorder
) -> None:
    append(store, histories(20))
    publish_all(store, connection, names)
    counts: dict[str, int] = {}
    with closing(KafkaFeed(connection, names, group=f"{names.prefix}-group")) as feed:
        until(lambda: len(feed.partitions()) == PARTITIONS)
        consumer: Any = feed._open()._consumer
        consumer._coordinator._assignment_snapshot = {}  # as after a change of the metadata
        consumer.poll(timeout_ms=0)
        sleep(0.5)  # the answer arrives between two polls
        assert consumer.group_metadata().state != MemberState.STABLE

        def all_read() -> bool:
            for partition in feed.partitions():
                read = feed.read(partition, after=0, limit=1_000)
                counts[partition] = max(counts.get(partition, 0), len(read))
            return sum(counts.values()) == 80

        until(all_read, seconds=60)


def test_workers_that_read_the_same_partition_write_each_event_once(
    connection: KafkaConnection,
    names: TopicNames,
    store: DossierRecorder,
    engines: tuple[Engine, Engine],
) -> None:
    head = append(store, histories(100, 5))
    with running(store, connection, names) as relay:
        until(lambda: relay.has_published(head))
    engine, _ = engines
    model = SqlReadModel(engine, TimelineProjection())
    model.create()
    workers = [
        Worker(TimelineProjection, KafkaFeed(connection, names), engine, batch=5) for _ in range(3)
    ]
    with closing(KafkaFeed(connection, names)) as whole:
        partitions = whole.partitions()
        until(
            lambda: all(
                not whole.read(partition, after=model.position(partition), limit=1)
                for partition in partitions
            )
        )
    for worker in workers:
        worker.leave()
    with model.reading() as (rows, generation):
        count = rows.exec_driver_sql(f"SELECT COUNT(*) FROM timeline_{generation}").scalar()
    assert count == 500
