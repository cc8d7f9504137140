"""`tracker verify` on sound installations, and on damage of every kind."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.tampering import Harm, Victim, find, rewrite, without_guards
from tracker.bootstrap import open_container, wall_clock
from tracker.domain.dossier.actors import Actor, Role
from tracker.settings import Settings

STARTED = "dossier.processing_started.v1"
DECIDED = "dossier.decided.v1"
RATED = "dossier.rated.v1"


def test_a_sound_installation_passes(run: Run, demo: Path) -> None:
    result = run("verify")
    assert (result.code, result.err) == (0, "")
    assert "dossiers, all in order" in result.out
    assert result.out.count("equal") == 4
    assert "0 signed checkpoints, all in order" in result.out


def test_an_empty_installation_passes(run: Run, data_dir: Path) -> None:
    result = run("verify")
    assert (result.code, result.err) == (0, "")
    assert "events: 0 of 0 dossiers" in result.out


def test_an_erased_dossier_passes(run: Run, demo: Path) -> None:
    erase_one(demo)
    assert run("verify").code == 0


def test_nothing_is_changed_by_looking(run: Run, demo: Path) -> None:
    before = (demo / "events.db").read_bytes(), (demo / "views.db").read_bytes()
    run("verify")
    assert before == ((demo / "events.db").read_bytes(), (demo / "views.db").read_bytes())
    assert sorted(path.name for path in demo.iterdir()) == ["events.db", "master.key", "views.db"]


def a_deleted_event(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, STARTED)
    connection.execute("DELETE FROM stored_events WHERE rowid = ?", (victim.position,))
    after = connection.execute(
        "SELECT topic FROM stored_events WHERE rowid = ?", (victim.position + 1,)
    ).fetchone()
    found = find(connection, after[0], f"rowid = {victim.position + 1}")
    return Victim(found.position, "", found.version, "", {"code": "an unknown dossier"})


def unreadable_bytes(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "UPDATE stored_events SET state = ? WHERE rowid = ?", (b"{", victim.position)
    )
    return Victim(victim.position, "", victim.version, "", {"code": "an unknown dossier"})


def another_name(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "UPDATE stored_events SET topic = 'dossier.approved.v1' WHERE rowid = ?",
        (victim.position,),
    )
    return Victim(victim.position, "", victim.version, "", {"code": "an unknown dossier"})


def another_version_beside_the_bytes(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "UPDATE stored_events SET originator_version = 99 WHERE rowid = ?", (victim.position,)
    )
    return Victim(victim.position, "", 99, "", victim.state)


def another_dossier_beside_the_bytes(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "UPDATE stored_events SET originator_id = ? WHERE rowid = ?", ("0" * 32, victim.position)
    )
    return victim


def another_code(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    rewrite(connection, victim, code="H26.05-261122-0042")
    return Victim(victim.position, "", victim.version, "", {"code": "H26.05-261122-0042"})


def a_version_taken_out_without_a_trace(connection: sqlite3.Connection) -> Victim:
    gone = find(connection, STARTED)
    topic, position = connection.execute(
        "SELECT topic, rowid FROM stored_events WHERE originator_id = ? AND originator_version = ?",
        (gone.dossier, gone.version + 1),
    ).fetchone()
    victim = find(connection, topic, f"rowid = {position}")
    for change in (
        "DELETE FROM requests WHERE position = ?",
        "DELETE FROM stored_events WHERE rowid = ?",
        "UPDATE stored_events SET rowid = rowid - 1 WHERE rowid > ?",
        "UPDATE requests SET position = position - 1 WHERE position > ?",
    ):
        connection.execute(change, (gone.position,))
    return Victim(position - 1, "", victim.version, "", victim.state)


def a_step_that_cannot_follow(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, STARTED)
    connection.execute(
        "UPDATE stored_events SET topic = 'dossier.delivered.v1' WHERE rowid = ?",
        (victim.position,),
    )
    return victim


def a_second_rating(connection: sqlite3.Connection) -> Victim:
    rated = find(connection, RATED)
    (position,) = connection.execute("SELECT MAX(rowid) + 1 FROM stored_events").fetchone()
    (version,) = connection.execute(
        "SELECT MAX(originator_version) + 1 FROM stored_events WHERE originator_id = ?",
        (rated.dossier,),
    ).fetchone()
    connection.execute(
        "INSERT INTO stored_events SELECT ?, originator_id, ?, topic, state FROM stored_events"
        " WHERE rowid = ?",
        (position, version, rated.position),
    )
    again = Victim(position, rated.dossier, version, RATED, rated.state)
    latest = wall_clock().isoformat()
    rewrite(connection, again, originator_version=version, recorded_at=latest)
    return again


def recorded_before_its_predecessor(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    long_ago = "2020-01-01T00:00:00Z"
    rewrite(connection, victim, occurred_at=long_ago, recorded_at=long_ago)
    return victim


def happened_after_it_was_recorded(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    rewrite(connection, victim, occurred_at="2099-01-01T00:00:00Z")
    return victim


def a_time_without_a_zone(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    rewrite(connection, victim, occurred_at="2026-01-01T00:00:00")
    return victim


def a_lost_request(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute("DELETE FROM requests WHERE event_id = ?", (victim.state["event_id"],))
    return victim


def a_request_that_points_elsewhere(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "UPDATE requests SET position = position - 1 WHERE event_id = ?",
        (victim.state["event_id"],),
    )
    return Victim(victim.position - 1, "", victim.version, "", victim.state)


def a_request_of_nobody(connection: sqlite3.Connection) -> Victim:
    victim = find(connection, DECIDED)
    connection.execute(
        "INSERT INTO requests SELECT 'nobody', 'n-1', digest, code, version, position"
        " FROM requests WHERE event_id = ?",
        (victim.state["event_id"],),
    )
    return victim


def an_end_that_was_cut_off(connection: sqlite3.Connection) -> Victim:
    (position,) = connection.execute("SELECT MAX(rowid) FROM stored_events").fetchone()
    (topic,) = connection.execute(
        "SELECT topic FROM stored_events WHERE rowid = ?", (position,)
    ).fetchone()
    victim = find(connection, topic, f"rowid = {position}")
    connection.execute("DELETE FROM stored_events WHERE rowid = ?", (position,))
    return victim


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (a_deleted_event, "a gap in the positions"),
        (unreadable_bytes, "bytes that cannot be read"),
        (another_name, "a stored name that is none of ours"),
        (another_version_beside_the_bytes, "columns that contradict the bytes"),
        (another_dossier_beside_the_bytes, "columns that contradict the bytes"),
        (another_code, "a code that is another dossier's"),
        (a_version_taken_out_without_a_trace, "a version that does not follow its predecessor"),
        (a_step_that_cannot_follow, "a step that cannot follow"),
        (a_second_rating, "a step that cannot follow"),
        (recorded_before_its_predecessor, "times that cannot be: recorded before"),
        (happened_after_it_was_recorded, "times that cannot be: it happened after"),
        (a_time_without_a_zone, "times that cannot be: a time has no zone"),
        (a_lost_request, "an event without the request that led to it"),
        (a_request_that_points_elsewhere, "a request whose event is not there"),
        (a_request_of_nobody, "a request whose event is not there"),
        (an_end_that_was_cut_off, "a request whose event is not there"),
    ],
)
def test_damage_to_the_store_is_named_with_its_first_event(
    harm: Harm, kind: str, run: Run, demo: Path
) -> None:
    with without_guards(demo / "events.db") as connection:
        victim = harm(connection)
    result = run("verify")
    assert result.code == 1
    place = f"position {victim.position} ({victim.code}, version {victim.version}): {kind}"
    assert place in result.err
    assert result.err.count("\n") == 1


def test_a_key_that_was_to_be_destroyed_is_found(run: Run, demo: Path) -> None:
    with without_guards(demo / "events.db") as connection:
        kept = connection.execute("SELECT * FROM dossier_keys").fetchall()
    code = erase_one(demo)
    with without_guards(demo / "events.db") as connection:
        connection.executemany("INSERT OR IGNORE INTO dossier_keys VALUES (?, ?)", kept)
    result = run("verify")
    assert result.code == 1
    assert f"keys: {code}: left, though the person was erased" in result.out
    assert "The keys of 1 erased dossiers are there again" in result.err
    assert run("lost-keys", "destroy-left").out == "1 keys were destroyed.\n"
    assert run("verify").code == 0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("status", "UPDATE status_1 SET stage = 'returned' WHERE stage = 'processing'"),
        ("status", "DELETE FROM status_1 WHERE rowid = 3"),
        ("timeline", "DELETE FROM timeline_1 WHERE rowid = 3"),
        ("timeline", "UPDATE timeline_1 SET recorded_at = recorded_at - 1 WHERE rowid = 9"),
        ("promises", "UPDATE promises_1 SET due_at = due_at + 1 WHERE rowid = 4"),
        ("promises", "UPDATE sla_1 SET channel = 'counter'"),
    ],
)
def test_a_read_model_that_is_not_what_the_events_say_is_named(
    name: str, change: str, run: Run, demo: Path
) -> None:
    with without_guards(demo / "views.db") as connection:
        assert connection.execute(change).rowcount > 0
    result = run("verify")
    assert result.code == 1
    assert f"{name}: DIFFERENT" in result.out
    assert result.err.startswith(f"Error: {name}: the read model differs from the events.")


def a_store_without_its_last_event(demo: Path) -> Victim:
    with without_guards(demo / "events.db") as connection:
        victim = an_end_that_was_cut_off(connection)
        connection.execute("DELETE FROM requests WHERE position = ?", (victim.position,))
    return victim


def test_what_was_changed_within_the_rules_is_found_by_the_log(run: Run, demo: Path) -> None:
    with without_guards(demo / "events.db") as connection:
        victim = find(connection, DECIDED)
        rewrite(connection, victim, outcome="refused", by=victim.state["by"] | {"id": "x"})
    result = run("verify")
    assert result.code == 1
    assert result.err == (
        f"Error: The log is damaged at leaf {victim.position - 1}: an event that is not the"
        f" one that was logged: it is at position {victim.position}\n"
    )


def test_a_store_older_than_its_log_is_found(run: Run, demo: Path) -> None:
    victim = a_store_without_its_last_event(demo)
    result = run("verify")
    assert result.code == 1
    assert f"leaf {victim.position - 1}: an event that was logged is not in" in result.err


def test_a_store_older_than_its_read_models_is_found(run: Run, demo: Path) -> None:
    victim = a_store_without_its_last_event(demo)
    with without_guards(demo / "views.db") as connection:
        connection.execute("DELETE FROM log_1 WHERE leaf = ?", (victim.position - 1,))
    result = run("verify")
    assert result.code == 1
    assert (
        "status, timeline, promises, messages: the read model differs from the events" in result.err
    )
    assert (
        f"up to position {victim.position}; the store ends at {victim.position - 1}" in result.out
    )


def test_a_read_model_that_lags_behind_is_no_damage(run: Run, demo: Path) -> None:
    erase_one(demo)  # the read models are not updated
    assert run("verify").code == 0


def erase_one(demo: Path) -> str:
    with open_container(Settings(data_dir=demo)) as container:
        code = container.sample_codes(1)[0]
        administrator = Actor(Role.ADMINISTRATOR, "adm-1")
        container.tracker.erase_personal_data(administrator, code, event_id="er-1", basis="by law")
    return code
