"""What the contracts are held against: every kind of store, feed and database there is.

Another kind is one more entry in the lists below.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from eventsourcing.persistence import InfrastructureFactory
from sqlalchemy import Engine

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_feed import StoreFeed
from tracker.adapters.sql.service_tables.service_tables import create_service_tables
from tracker.application.ports import DossierRecorder
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Feed
from tracker.serialization import to_stored


class Opens(Protocol):
    """Opens one more recorder on one store, as another process would."""

    def __call__(self) -> DossierRecorder: ...


def open_recorder(variables: dict[str, str], stack: ExitStack) -> DossierRecorder:
    factory: InfrastructureFactory = InfrastructureFactory.construct(variables)
    stack.callback(factory.close)
    recorder = factory.application_recorder()
    assert isinstance(recorder, DossierRecorder)
    return recorder


@contextmanager
def sqlite_store(directory: Path) -> Iterator[Opens]:
    variables = library_variables(f"sqlite:///{directory / 'events.db'}")
    with ExitStack() as stack:
        yield lambda: open_recorder(variables, stack)


@contextmanager
def sqlite_engine(directory: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{directory / 'views.db'}")
    yield engine
    engine.dispose()


@contextmanager
def sqlite_registry(directory: Path) -> Iterator[Engine]:
    with sqlite_engine(directory) as engine:
        create_service_tables(engine)
        yield engine


@dataclass
class Fed:
    """A feed, and how events get into it."""

    feed: Feed
    publish: Callable[[list[Event]], None]


@contextmanager
def sqlite_feed(directory: Path) -> Iterator[Fed]:
    with sqlite_store(directory) as opens:
        recorder = opens()
        feed = StoreFeed(recorder)

        def publish(events: list[Event]) -> None:
            recorder.insert_events([to_stored(event) for event in events])
            feed.wake()

        yield Fed(feed, publish)


STORES = [pytest.param(sqlite_store, id="sqlite")]
ENGINES = [pytest.param(sqlite_engine, id="sqlite")]
REGISTRIES = [pytest.param(sqlite_registry, id="sqlite")]
FEEDS = [pytest.param(sqlite_feed, id="sqlite")]
