"""Installations with an archive of finished dossiers, and a Kafka to publish it to."""

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from loadtests.bench.archive import fill as archive
from loadtests.bench.harness import machine
from ops.local_servers.kafka import KafkaCluster
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.topics import TopicNames, create_topics, wanted_topics
from tracker.bootstrap import open_container
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.container import Container
from tracker.projections.model.follower import Follower
from tracker.settings import Settings

_SAMPLE = 100_000
_TOLD_EVERY_S = 30.0

Say = Callable[[str], None]


class _Seldom:
    """Prints one line every 30 seconds and drops the others."""

    def __init__(self, say: Say) -> None:
        self._told = say
        self._next = time.monotonic() + _TOLD_EVERY_S

    def __call__(self, line: str) -> None:
        if time.monotonic() > self._next:
            self._next += _TOLD_EVERY_S
            self._told(f"  {line}")


class Archive:
    """An installation on PostgreSQL, without Kafka, whose archive grows."""

    def __init__(self, site: machine.Site) -> None:
        """Start with the existing store, which may hold a demo but no archive."""
        self.site = site
        self.dossiers = 0
        self._ends_on = archive.ENDS_ON
        self._settings = site.settings()
        with psycopg.connect(self._settings.store_url) as connection:
            self._before = archive.head(connection)

    def grow(self, dossiers: int, say: Say) -> None:
        """Add dossiers until the archive has this many."""
        more = dossiers - self.dossiers
        if more <= 0:
            return
        began = time.monotonic()
        events = archive.load(
            self._settings.store_url,
            more,
            seed=1,
            master_key=self._settings.master_key_bytes(),
            first=self.dossiers,
            ends_on=self._ends_on,
            say=_Seldom(say),
        )
        seconds = time.monotonic() - began
        say(f"  {events:,} events of {more:,} dossiers came into the store in {seconds:,.0f} s")
        self._ends_on = archive.begins_on(more, self._ends_on)
        self.dossiers = dossiers
        self._settle()

    def follow(self, names: Collection[str], say: Say) -> None:
        """Update these read models from the store, as they follow it without Kafka."""
        with self.opened() as it, measured():
            follower = Follower(
                it.store_feed,
                {name: it.follows[name].projector for name in names},
                at_once=len(names),
            )
            taken, began = 0, time.monotonic()
            seldom = _Seldom(say)
            while more := follower.run_once():
                taken += more
                seldom(f"{taken:,} events came into {', '.join(names)}")
        seconds = time.monotonic() - began
        say(f"  {taken:,} events came into {', '.join(names)} in {seconds:,.0f} s")
        self._settle()

    def head(self) -> int:
        """Return the position of the last event in the store."""
        with psycopg.connect(self._settings.store_url) as connection:
            return archive.head(connection)

    def codes(self) -> list[str]:
        """Return codes of dossiers of the archive or newer ones, in random order."""
        with psycopg.connect(self._settings.store_url) as connection:
            codes = [
                code
                for (code,) in connection.execute(
                    "SELECT code FROM requests WHERE version = 1 AND position > %s"
                    " ORDER BY md5(code) LIMIT %s",
                    (self._before, _SAMPLE),
                )
            ]
        random.Random(1).shuffle(codes)
        return codes

    @contextmanager
    def opened(self) -> Iterator[Container]:
        """Open the installation in this process."""
        with open_container(self._settings) as it:
            yield it

    def _settle(self) -> None:
        with psycopg.connect(self._settings.store_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")  # so that old writes do not delay the next measurement


@contextmanager
def archived(dossiers: int, say: Say) -> Iterator[Container]:
    """Open an installation on its own PostgreSQL with this many finished dossiers."""
    with machine.on_postgres() as site:
        made = Archive(site)
        made.grow(dossiers, say)
        with made.opened() as it:
            yield it


@contextmanager
def kafka() -> Iterator[KafkaConnection]:
    """Start a broker on the processors of the caller."""
    with machine.directory() as made, KafkaCluster(made) as cluster:
        yield KafkaConnection(cluster.bootstrap_servers)


def new_topics(connection: KafkaConnection) -> TopicNames:
    """Create the topics of an installation under new names."""
    names = TopicNames(f"bench-{uuid4().hex[:10]}")
    make_topics(connection, names)
    return names


def make_topics(connection: KafkaConnection, names: TopicNames) -> None:
    """Create these topics with the default settings."""
    partitions = Settings.model_fields["kafka_partitions"].default
    create_topics(
        connection, wanted_topics(names, partitions=partitions, replication=1, min_insync=1)
    )


@contextmanager
def measured() -> Iterator[None]:
    """Run like a program of Tracker, on the processor of the measured server."""
    with machine.staying_on(machine.SERVER), less_frequent_gc():
        yield
