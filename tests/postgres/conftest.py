"""A service on PostgreSQL with a signed transparency log, for tests that damage its database."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.postgres.tampering import Superuser, erase
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.demo.filling import SPAN, DemoClock, fill
from tracker.settings import Settings

UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC)


def copied(server: str, template: str) -> str:
    """Return the address of a fresh copy of a database."""
    name = f"test_{uuid.uuid4().hex}"
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def dropped(server: str, url: str) -> None:
    name = sql.Identifier(urlsplit(url).path[1:])
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def opening(url: str, directory: Path) -> Settings:
    return Settings(
        data_dir=directory, store_url=url, log_checkpoint_file=directory / "checkpoints.txt"
    )


def fill_more(container: Container, clock: DemoClock, seed: int) -> None:
    fill(container.tracker, container.service, clock, until=UNTIL, dossiers=6, seed=seed)
    container.catch_up()


@pytest.fixture(scope="module")
def signed_log(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """Yield the address and directory of a log with a checkpoint halfway and one at the end."""
    directory = tmp_path_factory.mktemp("signed")
    url = copied(postgres_server, "template0")
    engine = open_engine(url)
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()
    clock = DemoClock(UNTIL - SPAN)
    with open_container(opening(url, directory), clock) as container:
        fill_more(container, clock, 1)
        container.log.maker.prepare()
        container.log.maker.make()
        with psycopg.connect(url) as connection:  # leaves a gap, as a failed statement does
            connection.execute(
                "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id'))"
            )
        last = container.tracker.store.max_notification_id() or 0
        erase(container)
        container.catch_up()
        assert container.tracker.store.max_notification_id() == last + 2
        container.log.maker.make()
    yield url, directory
    dropped(postgres_server, url)


@pytest.fixture
def container(
    postgres_server: str, signed_log: tuple[str, Path], tmp_path: Path
) -> Iterator[Container]:
    url = copied(postgres_server, urlsplit(signed_log[0]).path[1:])
    for path in signed_log[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with open_container(opening(url, tmp_path)) as container:
        yield container
    dropped(postgres_server, url)


@pytest.fixture
def superuser(container: Container) -> Iterator[Superuser]:
    """Yield a connection of a superuser, for which no trigger runs."""
    with psycopg.connect(container.settings.store_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
