"""The store fails or is changed from outside: no partial write, and service continues."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eventsourcing.sqlite import SQLiteDatastore

from tests.application.service_desk import (
    ADMINISTRATOR,
    CLERK,
    DECIDER,
    PORTAL,
    ServiceDesk,
    service_desk,
)
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.application.commands.handler import StoreUnavailableError


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ServiceDesk]:
    with service_desk(tmp_path) as opened:
        yield opened


def store_of(desk: ServiceDesk) -> SQLiteDatastore:
    datastore = desk.at.tracker.recorder.datastore  # type: ignore[attr-defined]
    assert isinstance(datastore, SQLiteDatastore)
    return datastore


def pragma(desk: ServiceDesk, text: str) -> None:
    with store_of(desk).get_connection(commit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {text}")
        cursor.fetchall()


def rows(directory: Path) -> dict[str, int]:
    with closing(sqlite3.connect(directory / "events.db")) as connection:
        return {
            table: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("stored_events", "requests", "dossier_keys")
        }


def test_on_a_full_disk_nothing_is_stored_and_when_there_is_room_it_goes_on(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    desk.take_in()
    before = rows(tmp_path)
    pragma(desk, "max_page_count=1")
    posts = [Envelope(CLERK, desk.intake(papers=[{"name": "g" * 200}] * 50)) for _ in range(20)]
    with pytest.raises(StoreUnavailableError):
        desk.handle(*posts)
    assert rows(tmp_path) == before
    pragma(desk, "max_page_count=1000000")
    results = desk.handle(*posts)
    assert all(isinstance(result, Accepted) and not result.duplicate for result in results)
    assert rows(tmp_path) == {"stored_events": 21, "requests": 21, "dossier_keys": 21}


def test_a_store_that_cannot_be_written_is_unavailable_and_recovers(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    code = desk.take_in().code
    pragma(desk, "query_only=ON")
    with pytest.raises(StoreUnavailableError):
        desk.take_in()
    with pytest.raises(StoreUnavailableError):
        desk.at.tracker.erase_personal_data(ADMINISTRATOR, code, event_id="e", basis="b")
    assert rows(tmp_path) == {"stored_events": 1, "requests": 1, "dossier_keys": 1}
    pragma(desk, "query_only=OFF")
    assert desk.take_in().version == 1


def test_a_closed_store_is_unavailable_not_an_unforeseen_error(desk: ServiceDesk) -> None:
    desk.at.tracker.close()
    with pytest.raises(StoreUnavailableError):
        desk.take_in()


def test_a_broken_connection_is_unavailable_not_an_unforeseen_error(desk: ServiceDesk) -> None:
    desk.take_in()
    with store_of(desk).get_connection(commit=True) as connection:
        connection._sqlite_conn.close()
    with pytest.raises(StoreUnavailableError):
        desk.take_in()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE stored_events SET topic='x'", "never changed"),
        ("UPDATE stored_events SET state=x'00' WHERE rowid=1", "never changed"),
        ("UPDATE OR REPLACE stored_events SET rowid=99 WHERE rowid=1", "never changed"),
        ("DELETE FROM stored_events", "never deleted"),
        ("DELETE FROM stored_events WHERE rowid=2", "never deleted"),
    ],
)
def test_the_database_itself_refuses_to_change_or_delete_an_event(
    desk: ServiceDesk, tmp_path: Path, statement: str, said: str
) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, step="processing_started")
    before = desk.everything()
    with (
        closing(sqlite3.connect(tmp_path / "events.db")) as connection,
        pytest.raises(sqlite3.IntegrityError, match=said),
    ):
        connection.execute(statement)
    assert desk.everything() == before


@pytest.mark.parametrize("version", [-1, 0, 1, 2, 4, 99])
@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_the_database_itself_refuses_a_version_that_is_not_the_next(
    desk: ServiceDesk, tmp_path: Path, verb: str, version: int
) -> None:
    code = desk.take_in().code
    desk.post(DECIDER, code=code, step="processing_started")
    before = desk.everything()
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        (originator,) = connection.execute("SELECT originator_id FROM stored_events").fetchone()
        insert = f"{verb} INTO stored_events (originator_id, originator_version, topic, state)"
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(f"{insert} VALUES (?,?,'t','s')", (originator, version))
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(f"{insert} VALUES ('other',?,'t','s')", (version + (version == 1),))
    assert desk.everything() == before


def test_an_event_is_neither_replaced_at_its_position_nor_slipped_in_before_others(
    desk: ServiceDesk, tmp_path: Path
) -> None:
    code = desk.take_in().code
    before = desk.everything()
    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        (originator,) = connection.execute("SELECT originator_id FROM stored_events").fetchone()
        for position in (1, 0, -7):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(
                    f"INSERT OR REPLACE INTO stored_events VALUES ({position},?,2,'t','s')",
                    (originator,),
                )
    assert desk.everything() == before
    assert desk.post(PORTAL, code=code, step="complained", text="?").version == 2


def test_what_was_stored_is_there_after_a_restart_and_a_retry_is_known(tmp_path: Path) -> None:
    with service_desk(tmp_path) as desk:
        post = Envelope(CLERK, desk.intake())
        first = desk.at.tracker.post(post)
    with service_desk(tmp_path) as desk:
        again = desk.at.tracker.post(post)
        assert (again.code, again.position, again.duplicate) == (first.code, 1, True)
        assert desk.take_in(event_id="next").position == 2


def test_every_commit_is_flushed_to_the_disk(desk: ServiceDesk) -> None:
    with store_of(desk).get_connection(commit=True) as connection, connection.cursor() as cursor:
        for setting, value in (("synchronous", 2), ("secure_delete", 1)):
            cursor.execute(f"PRAGMA {setting}")
            assert cursor.fetchone()[0] == value
