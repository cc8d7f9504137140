"""The order of commits and the triggers on PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import errors
from sqlalchemy import MetaData

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.postgres_store import (
    Factory,
    PostgresDossierRecorder,
    UnsafeFunctionsError,
)
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.migrate import Branch, NotMigratedError, check_migrated, migrate
from tracker.adapters.sql.read_models.generation import METADATA as READ_MODELS
from tracker.adapters.sql.service_tables.service_tables import REGISTRY
from tracker.bootstrap import open_container
from tracker.settings import Settings

pytestmark = pytest.mark.system

INSERT = (
    "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
    " VALUES (%s, %s, 'planted', '') RETURNING notification_id"
)


@pytest.fixture
def recorder(database: str) -> Iterator[PostgresDossierRecorder]:
    factory = Factory(library_variables(database))
    recorder = factory.application_recorder()
    assert isinstance(recorder, PostgresDossierRecorder)
    yield recorder
    factory.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def insert(database: str, dossier: UUID, version: int = 1) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute(INSERT, (dossier, version)).fetchone()
    assert row is not None
    return int(row[0])


def seen(recorder: PostgresDossierRecorder, after: int) -> list[tuple[int, UUID | str]]:
    events = recorder.select_notifications(after, 100, inclusive_of_start=False)
    return [(event.id, event.originator_id) for event in events]


def held_open_while_another_inserts(
    database: str, threads: ThreadPoolExecutor, recorder: PostgresDossierRecorder
) -> tuple[UUID, UUID, list[UUID | str]]:
    """Insert an event in an open transaction and another one meanwhile. Follow the store."""
    slow, quick = uuid4(), uuid4()
    followed: list[UUID | str] = []
    position = 0

    def follow() -> None:
        nonlocal position
        for id_, dossier in seen(recorder, position):
            position = id_
            followed.append(dossier)

    with psycopg.connect(database) as holding:
        holding.execute(INSERT, (slow, 1))
        second: Future[int] = threads.submit(insert, database, quick)
        with suppress(NotYet):
            second.result(timeout=1)
        follow()
        holding.commit()
    second.result(timeout=60)
    follow()
    return slow, quick, followed


def test_a_follower_skips_nothing_while_a_transaction_is_held_open(
    database: str, threads: ThreadPoolExecutor, recorder: PostgresDossierRecorder
) -> None:
    slow, quick, followed = held_open_while_another_inserts(database, threads, recorder)
    assert followed == [slow, quick]


def test_without_the_lock_a_follower_would_skip_an_event_for_ever(
    database: str, threads: ThreadPoolExecutor, recorder: PostgresDossierRecorder
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TRIGGER stored_events_in_order ON stored_events")
    _, quick, followed = held_open_while_another_inserts(database, threads, recorder)
    assert followed == [quick]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE stored_events SET topic = 'x'", "DELETE FROM stored_events", "TRUNCATE stored_events"],
)
def test_the_database_itself_refuses_to_change_events(database: str, statement: str) -> None:
    insert(database, uuid4())
    with psycopg.connect(database) as connection, pytest.raises(errors.IntegrityError):
        connection.execute(statement)


@pytest.mark.parametrize("version", [0, 2, 3])
def test_the_database_itself_refuses_a_version_without_its_predecessor(
    database: str, version: int
) -> None:
    with pytest.raises(errors.IntegrityError):
        insert(database, uuid4(), version)


def test_a_program_refuses_a_database_that_was_not_migrated(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(NotMigratedError, match="tracker migrate"),
        open_container(Settings(store_url=postgres_url, data_dir=tmp_path)),
    ):
        pass


def test_a_second_migration_changes_nothing_and_branches_are_independent(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate(engine, Branch.READ_MODELS)
    with pytest.raises(NotMigratedError):
        check_migrated(engine, Branch.EVENTS)
    for _ in range(2):
        migrate(engine, Branch.EVENTS)
    for branch in Branch:
        check_migrated(engine, branch)
    engine.dispose()


def test_migrations_and_the_programs_own_tables_agree(database: str) -> None:
    known = MetaData()
    for table in (*REGISTRY.tables.values(), *READ_MODELS.tables.values()):
        table.to_metadata(known)
    guarded = {"stored_events", "requests", "dossier_keys", "alembic_version"}
    engine = open_engine(database)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, known)
            if not (difference[0] == "remove_table" and difference[1].name in guarded)
        ]
    engine.dispose()
    assert differences == []


def test_the_functions_of_the_library_that_take_no_lock_are_refused(database: str) -> None:
    with pytest.raises(UnsafeFunctionsError):
        Factory(library_variables(database) | {"POSTGRES_ENABLE_DB_FUNCTIONS": "y"})
