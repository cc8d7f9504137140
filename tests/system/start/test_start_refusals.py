"""A program refuses to start with a wrong master key, log key or database."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.serving import serving
from tests.system.start.starting import copy, damage_the_middle, query, refusal, run

pytestmark = [pytest.mark.system]

OTHER_KEY = base64.b64encode(b"another key of the right length!").decode()
LIST = ("keys", "list")
COMMANDS = [
    ("serve",),
    ("verify",),
    ("figures",),
    ("rebuild",),
    ("erase", "H26-261118-0001", "--basis", "x", "--yes"),
    ("keys", "make", "--role", "manager", "--actor", "m-1"),
]


@pytest.fixture
def data_dir(made_demo: Path, tmp_path: Path) -> Path:
    return copy(made_demo, tmp_path / "var")


# the master key


def make_directory(key: Path) -> None:
    key.unlink()
    key.mkdir()


WRONG_KEYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "is missing"),
    "another": (lambda key: key.write_text(OTHER_KEY), "not the master key of this store"),
    "empty": (lambda key: key.write_text(""), "does not hold 32 bytes in base64"),
    "short": (lambda key: key.write_text(OTHER_KEY[:20]), "does not hold 32 bytes in base64"),
    "cut": (lambda key: key.write_text(OTHER_KEY[:-3]), "does not hold 32 bytes in base64"),
    "no base64": (lambda key: key.write_text("!" * 44), "does not hold 32 bytes in base64"),
    "utf-16": (lambda key: key.write_text(OTHER_KEY, "utf-16"), "does not hold 32 bytes"),
    "bytes": (lambda key: key.write_bytes(bytes(range(200, 232))), "does not hold 32 bytes"),
    "directory": (make_directory, "must be a file"),
}


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        *((kind, LIST) for kind in WRONG_KEYS),
        *(("missing", command) for command in COMMANDS),
        ("another", ("serve",)),
    ],
)
def test_a_wrong_or_missing_master_key_is_refused_by_every_command(
    data_dir: Path, kind: str, command: tuple[str, ...]
) -> None:
    spoil, said = WRONG_KEYS[kind]
    key = data_dir / "master.key"
    spoil(key)
    before = key.read_bytes() if key.is_file() else None
    error_text = refusal(data_dir, *command)
    assert said in error_text
    assert "back" in error_text
    assert OTHER_KEY not in error_text
    assert (key.read_bytes() if key.is_file() else None) == before


def test_a_missing_key_is_not_made_anew_where_only_the_check_value_tells(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "list").returncode == 0
    (tmp_path / "master.key").unlink()
    assert "is missing" in refusal(tmp_path, "serve")
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda key: key.write_text(OTHER_KEY)])
def test_a_store_of_an_earlier_version_is_checked_by_its_dossier_keys(
    data_dir: Path, spoil: Callable[[Path], object]
) -> None:
    key, events = data_dir / "master.key", data_dir / "events.db"
    right = key.read_text()
    query(events, "DROP TABLE installation_facts")
    spoil(key)
    error_text = refusal(data_dir, "serve")
    assert "missing" in error_text or "does not open" in error_text
    assert query(events, "SELECT * FROM installation_facts") == []
    key.write_text(right)
    assert run(data_dir, "keys", "list").returncode == 0
    ((_, value),) = query(events, "SELECT * FROM installation_facts")
    assert len(str(value)) == 64
    assert base64.b64decode(right).hex() != value
    key.write_text(OTHER_KEY)
    assert "not the master key of this store" in refusal(data_dir, "keys", "list")


@pytest.mark.parametrize("spoil", [("\ufeff{}\r\n"), ("  {}\n\n"), ("{}")])
def test_a_key_file_may_have_blanks_and_a_byte_order_mark(data_dir: Path, spoil: str) -> None:
    key = data_dir / "master.key"
    key.write_bytes(spoil.format(key.read_text().strip()).encode())
    assert run(data_dir, "keys", "list").returncode == 0


def test_a_key_that_is_set_must_be_the_one_in_the_file(data_dir: Path) -> None:
    error_text = refusal(data_dir, "serve", TRACKER_MASTER_KEY=OTHER_KEY)
    assert "two different keys" in error_text
    right = (data_dir / "master.key").read_text().strip()
    assert run(data_dir, "keys", "list", TRACKER_MASTER_KEY=right).returncode == 0
    (data_dir / "master.key").unlink()
    assert run(data_dir, "keys", "list", TRACKER_MASTER_KEY=right).returncode == 0
    error_text = refusal(data_dir, "serve", TRACKER_MASTER_KEY=OTHER_KEY)
    assert "TRACKER_MASTER_KEY is not the master key" in error_text


def test_on_postgresql_another_node_with_another_or_without_a_key_is_refused(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = {"TRACKER_STORE_URL": postgres_url, "TRACKER_EMBEDDED": "true"}
    for command in (("migrate",), ("demo", "--dossiers", "3")):
        assert run(tmp_path / "one", *command, **settings).returncode == 0
    assert "is missing" in refusal(tmp_path / "two", "serve", **settings)
    assert not (tmp_path / "two" / "master.key").exists()
    error_text = refusal(tmp_path / "two", "serve", **settings, TRACKER_MASTER_KEY=OTHER_KEY)
    assert "not the master key of this store" in error_text
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DELETE FROM installation_facts")
    error_text = refusal(tmp_path / "two", "serve", **settings, TRACKER_MASTER_KEY=OTHER_KEY)
    assert "does not open" in error_text


# the databases


def write_text(file: Path) -> None:
    file.write_text("no database at all" * 1000)


def cut_in_half(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2 + 100)


def replace_by_a_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("name", ["events.db", "views.db"])
@pytest.mark.parametrize(
    "damage", [damage_the_middle, write_text, cut_in_half, replace_by_a_directory, empty]
)
def test_a_damaged_database_is_refused_and_named(
    data_dir: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(data_dir / name)
    error_text = refusal(data_dir, "serve" if damage is damage_the_middle else "figures")
    assert str(data_dir / name) in error_text
    assert "ops/README.md" in error_text
    assert ("delete views.db" in error_text) == (name == "views.db")


def test_read_models_that_are_deleted_as_told_are_made_again(data_dir: Path) -> None:
    before = run(data_dir, "figures", "--format", "json")
    damage_the_middle(data_dir / "views.db")
    for end in ("", "-wal", "-shm"):
        (data_dir / f"views.db{end}").unlink(missing_ok=True)
    assert run(data_dir, "rebuild").returncode == 0
    with serving(data_dir) as service:
        service.wait_until_read()
    after = run(data_dir, "figures", "--format", "json")
    assert before.stdout.split('"total"')[1] == after.stdout.split('"total"')[1]


def test_a_lost_write_ahead_log_is_noticed(data_dir: Path) -> None:
    write_and_die(data_dir / "events.db")
    (data_dir / "events.db-wal").unlink()
    assert "events.db-wal is missing" in refusal(data_dir, *LIST)


def test_a_write_ahead_log_without_its_database_is_noticed(data_dir: Path) -> None:
    write_and_die(data_dir / "events.db")
    (data_dir / "events.db").unlink()
    assert "only its log events.db-wal is left" in refusal(data_dir, *LIST)
    assert not (data_dir / "events.db").exists()


def test_a_database_whose_writer_died_is_opened(data_dir: Path) -> None:
    write_and_die(data_dir / "events.db")
    listed = run(data_dir, *LIST)
    assert listed.returncode == 0
    assert listed.stdout.count("1970") == listed.stdout.count("\n") - 1


def write_and_die(database: Path) -> None:
    """Leave the database's write-ahead log behind, as a killed process does."""
    died = (
        "import os, sqlite3, sys; writer = sqlite3.connect(sys.argv[1]);"
        " writer.execute('UPDATE api_keys SET revoked_at = 1'); writer.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", died, str(database)], check=True)
    assert database.with_name("events.db-wal").stat().st_size > 0
    assert database.with_name("events.db-shm").exists()


def test_a_database_in_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'events.db'}"
    assert "does not exist" in refusal(tmp_path, "serve", TRACKER_STORE_URL=url)


# the key of the log


def test_another_log_key_is_refused_by_who_signs(data_dir: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "other", "log", "init").returncode == 0
    for name in ("log.key", "log.key.pub"):
        shutil.copy(tmp_path / "other" / name, data_dir / name)
    for command in (("serve",), ("log", "checkpoint")):
        assert "not the keys that signed" in refusal(data_dir, *command)


def test_a_private_key_that_is_not_in_the_list_of_keys_is_refused(
    data_dir: Path, tmp_path: Path
) -> None:
    assert run(tmp_path / "other", "log", "init").returncode == 0
    shutil.copy(tmp_path / "other" / "log.key", data_dir / "log.key")
    assert "not the keys that signed" in refusal(data_dir, "serve")


def test_a_missing_log_key_is_refused_and_never_made_in_silence(data_dir: Path) -> None:
    (data_dir / "log.key").unlink()
    for command in (("serve",), ("log", "checkpoint"), ("log", "init")):
        error_text = refusal(data_dir, *command)
        assert "missing" in error_text
        assert "--rotate" in error_text
    assert not (data_dir / "log.key").exists()
    (data_dir / "log.key.pub").rename(data_dir / "kept.pub")
    assert "log.key.pub" in refusal(data_dir, "log", "init", "--rotate")
    (data_dir / "kept.pub").rename(data_dir / "log.key.pub")
    assert run(data_dir, "log", "init", "--rotate").returncode == 0
    with serving(data_dir) as service:
        assert service.get("/livez")[0] == 200


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_log_key_that_is_no_key_is_refused(data_dir: Path, content: bytes) -> None:
    (data_dir / "log.key").write_bytes(content)
    assert "does not hold the key of the log" in refusal(data_dir, "log", "checkpoint")
    assert run(data_dir, "log", "init", "--rotate").returncode == 0
    assert run(data_dir, "log", "checkpoint").returncode == 0


def test_another_origin_than_that_of_the_checkpoints_is_refused(data_dir: Path) -> None:
    error_text = refusal(data_dir, "serve", TRACKER_LOG_ORIGIN="center.example/log")
    assert "TRACKER_LOG_ORIGIN" in error_text
    assert "tracker.local/log" in error_text
