"""After a restart of PostgreSQL the first request gets no dead connection."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import cast
from uuid import uuid4

import pytest
from eventsourcing.persistence import InfrastructureFactory, StoredEvent

from ops.local_servers.postgres import PostgresServer
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.postgres_store import PostgresDossierRecorder
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.domain.dossier.codes import dossier_id

pytestmark = [pytest.mark.slow]
MOST = 16


@pytest.fixture
def server(*, needs_postgres: None, server_directory: Path) -> Iterator[PostgresServer]:
    with PostgresServer(server_directory / "postgres", settings={"fsync": "off"}) as server:
        engine = open_engine(server.url)
        migrate(engine, Branch.EVENTS)
        engine.dispose()
        yield server


@pytest.fixture
def recorder(server: PostgresServer) -> Iterator[PostgresDossierRecorder]:
    factory = InfrastructureFactory.construct(library_variables(server.url))
    with factory:
        yield cast("PostgresDossierRecorder", factory.application_recorder())


def use_all(recorder: PostgresDossierRecorder) -> None:
    """Use all connections that the pool may open at the same time."""
    barrier = Barrier(MOST)

    def hold() -> None:
        with recorder.datastore.get_connection() as connection:
            connection.execute("SELECT 1")
            barrier.wait(timeout=30)

    with ThreadPoolExecutor(MOST) as pool:
        for done in [pool.submit(hold) for _ in range(MOST)]:
            done.result()


def event() -> StoredEvent:
    code = f"H26.01-261120-{uuid4().int % 9_000_000 + 1_000}"
    return StoredEvent(dossier_id(code), 1, "t", b"{}")


@pytest.mark.parametrize("first", ["head", "write", "requests", "keys", "histories"])
def test_after_a_restart_the_first_request_succeeds(
    server: PostgresServer, recorder: PostgresDossierRecorder, first: str
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "head": recorder.max_notification_id,
        "write": lambda: recorder.insert_events([event()]),
        "requests": lambda: recorder.select_requests([("a", "b")]),
        "keys": lambda: recorder.select_keys([uuid4()]),
        "histories": lambda: recorder.select_histories([uuid4()]),
    }
    use_all(recorder)
    server.stop("immediate")
    server.start()
    calls[first]()
    for _ in range(MOST + 2):
        for call in calls.values():
            call()


def test_requests_during_the_outage_do_not_delay_those_after_it(
    server: PostgresServer, recorder: PostgresDossierRecorder
) -> None:
    use_all(recorder)
    server.stop("immediate")
    for _ in range(2):
        with pytest.raises(Exception, match=r"couldn't get a connection|server closed|refused"):
            recorder.max_notification_id()
    server.start()
    assert recorder.max_notification_id() is None
    recorder.insert_events([event()])
