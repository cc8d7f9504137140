"""`tracker verify --since FILE --keep FILE`: a daily run, on valid and damaged stores."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.tampering import Victim, find, rewrite, without_guards
from tracker.adapters.notary.ed25519 import Notary
from tracker.bootstrap import open_container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.notes import Note
from tracker.settings import Settings

LOG = "tracker.local/log"
NEWER = 3


@pytest.fixture(scope="module")
def gone_on(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kept checkpoint, later events of a few dossiers, and one more checkpoint."""
    chosen = tmp_path_factory.mktemp("since") / "var"
    shutil.copytree(filled, chosen)
    go_on(chosen, 0)
    with open_container(Settings(data_dir=chosen)) as container:
        (chosen / "kept.txt").write_text(str(container.log.checkpoints.last()))
    go_on(chosen, NEWER)
    return chosen


@pytest.fixture
def demo(gone_on: Path, data_dir: Path) -> Path:
    shutil.copytree(gone_on, data_dir)
    return data_dir


@pytest.fixture
def kept(demo: Path) -> Path:
    return demo / "kept.txt"


def go_on(demo: Path, events: int) -> None:
    """Add an event to this number of dossiers, and sign the log."""
    with open_container(Settings(data_dir=demo)) as container:
        for number, code in enumerate(container.sample_codes(events) if events else ()):
            administrator = Actor(Role.ADMINISTRATOR, "adm-1")
            event_id = f"er-{number}"
            container.tracker.erase_personal_data(
                administrator, code, event_id=event_id, basis="by law"
            )
        container.catch_up()
        container.log.maker.prepare()
        container.log.maker.make()


def since(run: Run, kept: Path, *more: str) -> tuple[object, str, str]:
    result = run("verify", "--since", str(kept), *more)
    return result.code, result.out, result.err


def size(kept: Path) -> int:
    return Checkpoint.parse(Note.parse(kept.read_text()).text).size


def test_only_what_came_since_and_the_past_of_those_dossiers_is_read(run: Run, kept: Path) -> None:
    code, out, err = since(run, kept)
    assert (code, err) == (0, "")
    assert f"checkpoint: of {size(kept)} leaves" in out
    assert f"events: {NEWER} since then, of {NEWER} dossiers, all in order" in out
    assert f"log: {NEWER} leaves, 1 signed checkpoints, all in order" in out
    read = int(out.partition("and so are the ")[2].split()[0])
    assert 0 < read < size(kept)
    assert f"Not read again: {size(kept) - read} events" in out
    assert "status" not in out


def test_the_next_run_begins_where_this_one_ended(run: Run, kept: Path) -> None:
    before = size(kept)
    code, out, _ = since(run, kept, "--keep", str(kept))
    assert (code, size(kept)) == (0, before + NEWER)
    assert f"kept: the checkpoint of {size(kept)} leaves" in out
    code, out, err = since(run, kept, "--keep", str(kept))
    assert (code, err) == (0, "")
    assert "events: 0 since then" in out
    assert size(kept) == before + NEWER


def test_nothing_is_kept_where_something_is_wrong_or_nothing_was_signed(
    run: Run, demo: Path, kept: Path
) -> None:
    before = kept.read_text()
    with without_guards(demo / "events.db") as connection:
        connection.execute("DELETE FROM stored_events WHERE rowid = ?", (size(kept) + 1,))
    assert since(run, kept, "--keep", str(kept))[0] == 1
    assert kept.read_text() == before


def test_the_full_check_keeps_the_first_checkpoint_and_says_where_there_is_none(
    run: Run, demo: Path, kept: Path
) -> None:
    before = size(kept)
    kept.unlink()
    assert run("verify", "--keep", str(kept)).code == 0
    assert size(kept) == before + NEWER
    kept.unlink()
    with without_guards(demo / "events.db") as connection:
        connection.execute("DELETE FROM log_checkpoints")
    result = run("verify", "--keep", str(kept))
    assert result.code == 2
    assert "There is no checkpoint to keep yet." in result.err
    assert not kept.exists()


Harm = Callable[[sqlite3.Connection, int], str]
"""Damages a store whose checkpoint has this many leaves, and returns the expected error."""


def victim_at(connection: sqlite3.Connection, position: int) -> Victim:
    query = "SELECT topic FROM stored_events WHERE rowid = ?"
    (topic,) = connection.execute(query, (position,)).fetchone()
    return find(connection, topic, f"rowid = {position}")


def change(connection: sqlite3.Connection, position: int) -> None:
    """Make another actor the author of the event."""
    victim = victim_at(connection, position)
    rewrite(connection, victim, by=victim.state["by"] | {"id": "x"})


def changed_since(connection: sqlite3.Connection, signed: int) -> str:
    change(connection, signed + 2)
    return f"leaf {signed + 1}: an event that is not the one that was logged"


def deleted_since(connection: sqlite3.Connection, signed: int) -> str:
    connection.execute("DELETE FROM stored_events WHERE rowid = ?", (signed + 1,))
    return f"position {signed + 2} (an unknown dossier, version "


def cut_off_since(connection: sqlite3.Connection, signed: int) -> str:
    connection.execute("DELETE FROM stored_events WHERE rowid = ?", (signed + NEWER,))
    connection.execute("DELETE FROM requests WHERE position = ?", (signed + NEWER,))
    return f"leaf {signed + NEWER - 1}: an event that was logged is not in the store"


def a_past_that_is_another(connection: sqlite3.Connection, signed: int) -> str:
    """An old event of a dossier with later events."""
    (position,) = connection.execute(
        "SELECT MIN(rowid) FROM stored_events WHERE originator_id ="
        " (SELECT originator_id FROM stored_events WHERE rowid = ?)",
        (signed + 1,),
    ).fetchone()
    change(connection, position)
    return f"leaf {position - 1}: an event that is not the one that was logged"


def a_version_passed_over(connection: sqlite3.Connection, signed: int) -> str:
    victim = victim_at(connection, signed + 1)
    connection.execute(
        "UPDATE stored_events SET originator_version = originator_version + 1 WHERE rowid = ?",
        (victim.position,),
    )
    rewrite(connection, victim, originator_version=victim.version + 1)
    return (
        f"position {victim.position} ({victim.code}, version {victim.version + 1}): a version that"
        f" does not follow its predecessor: {victim.version - 1} comes before it"
    )


def the_last_one_signed_is_another(connection: sqlite3.Connection, signed: int) -> str:
    change(connection, signed)
    return (
        f"The log does not match the signed checkpoint: leaf {signed - 1}: an event that is not the"
        " one"
    )


def fewer_before(connection: sqlite3.Connection, signed: int) -> str:
    connection.execute(
        "DELETE FROM stored_events WHERE rowid = ?", (untouched(connection, signed),)
    )
    return "more or fewer events in the store than leaves"


def untouched(connection: sqlite3.Connection, signed: int) -> int:
    """Return the position of an event whose dossier has no later event."""
    row = connection.execute(
        "SELECT MIN(rowid) FROM stored_events WHERE originator_id NOT IN"
        " (SELECT originator_id FROM stored_events WHERE rowid > ?)",
        (signed,),
    ).fetchone()
    return int(row[0])


@pytest.mark.parametrize(
    "harm",
    [
        changed_since,
        deleted_since,
        cut_off_since,
        a_past_that_is_another,
        a_version_passed_over,
        the_last_one_signed_is_another,
        fewer_before,
    ],
)
def test_damage_since_the_checkpoint_or_to_what_goes_on_is_found(
    harm: Harm, run: Run, demo: Path, kept: Path
) -> None:
    with without_guards(demo / "events.db") as connection:
        said = harm(connection, size(kept))
    code, _, err = since(run, kept)
    assert (code, err.count("\n")) == (1, 1)
    assert said in err


def test_older_bytes_changed_in_place_are_said_to_be_unread_and_found_by_the_full_scan(
    run: Run, demo: Path, kept: Path
) -> None:
    with without_guards(demo / "events.db") as connection:
        position = untouched(connection, size(kept))
        change(connection, position)
    code, out, _ = since(run, kept)
    assert code == 0
    assert "Only the full 'tracker verify' checks their bytes" in out
    result = run("verify")
    assert result.code == 1
    assert f"leaf {position - 1}: an event that is not the one that was logged" in result.err


def test_a_log_made_anew_to_fit_a_changed_event_is_not_the_one_that_was_signed(
    run: Run, demo: Path, kept: Path
) -> None:
    with without_guards(demo / "events.db") as connection:
        change(connection, 3)
        connection.execute("DELETE FROM log_checkpoints")
    assert run("rebuild", "log", "--replace").code == 0
    code, _, err = since(run, kept)
    assert code == 1
    assert "The log does not match the signed checkpoint" in err
    assert "a checkpoint of another log" in err


def test_a_log_that_was_cut_is_found(run: Run, demo: Path, kept: Path) -> None:
    with without_guards(demo / "views.db") as connection:
        connection.execute("DELETE FROM log_1 WHERE leaf >= ?", (size(kept) - 5,))
    code, _, err = since(run, kept)
    assert code == 1
    assert "a checkpoint of more leaves than the log has" in err


def of_another_key(file: Path) -> None:
    notary = Notary(file.with_name("other.key"), LOG)
    notary.make_key()
    file.write_text(str(notary.sign(Note.parse(file.read_text()).text)))


def of_another_log(file: Path) -> None:
    notary = Notary(file.with_name("log.key"), LOG)
    said = Checkpoint.parse(Note.parse(file.read_text()).text)
    file.write_text(str(notary.sign(replace(said, origin="elsewhere/log").text)))


def changed(file: Path) -> None:
    file.write_text(file.read_text().replace("made 2", "made 3"))


def no_checkpoint(file: Path) -> None:
    file.write_text("size 12\n")


def none_at_all(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (of_another_key, "None of the known keys signed this note."),
        (of_another_log, "this is a checkpoint of "),
        (changed, "None of the known keys signed this note."),
        (no_checkpoint, "This is not a signed note."),
        (none_at_all, "there is no checkpoint in it."),
    ],
)
def test_a_checkpoint_that_is_none_of_this_log_is_refused_by_name(
    spoil: Callable[[Path], None], said: str, run: Run, kept: Path
) -> None:
    spoil(kept)
    code, out, err = since(run, kept)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {kept}: ")
    assert said in err


def test_kafka_by_itself_has_no_daily_run_and_says_why(run: Run, kept: Path) -> None:
    code, _, err = since(run, kept, "--of", "kafka")
    assert code == 2
    assert "Use --of both to check the store and Kafka since a checkpoint." in err
