"""What every command has in common: help, errors in one line, exit codes."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

COMMANDS = (
    ("serve",),
    ("demo",),
    ("import",),
    ("figures",),
    ("history",),
    ("rebuild",),
    ("migrate",),
    ("verify",),
    ("keys",),
    ("keys", "make"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("messages",),
    ("messages", "list"),
    ("messages", "retry"),
    ("messages", "replay"),
    ("erase",),
    ("check-data",),
)


def test_without_a_command_the_help_is_shown_and_it_is_wrong_usage(run: Run) -> None:
    result = run()
    assert (result.code, result.out) == (2, "")
    for command in COMMANDS:
        assert command[0] in result.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], run: Run) -> None:
    result = run(*command, "--help")
    assert result.code == 0
    assert f"Usage: tracker {' '.join(command)}" in result.out
    assert re.search(r"^  [A-Z][^.]+\.", result.out, re.MULTILINE)


def test_the_help_names_the_settings(run: Run) -> None:
    assert "TRACKER_DATA_DIR" in run("--help").out


@pytest.mark.parametrize(
    "args",
    [
        ("bogus",),
        ("figures", "--by", "weather"),
        ("figures", "--as-of", "tomorrow"),
        ("figures", "--since", "2026-13-01"),
        ("figures", "--as-of", "2999-01-01"),
        ("figures", "--known-at", "2999-01-01T00:00:00Z"),
        ("figures", "--format", "pdf"),
        ("history",),
        ("history", "H26.05-261122-0042", "--as-of", "x"),
        ("rebuild", "weather"),
        ("import", "nothing.csv", "--mapping", "nothing.toml"),
        ("demo", "--dossiers", "0"),
        ("serve", "--port", "70000"),
        ("check-data", "/nowhere/at/all"),
        ("keys", "make"),
        ("keys", "revoke"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(args: tuple[str, ...], run: Run) -> None:
    result = run(*args)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRACKER_PORT", "many"),
        ("TRACKER_STORE_URL", "mysql://somewhere"),
        ("TRACKER_MASTER_KEY", "too short"),
        ("TRACKER_CODE_BLOCK_SIZE", "0"),
        ("TRACKER_PUBLIC_URL", "hoso.example"),
    ],
)
def test_a_wrong_setting_is_named(
    variable: str, value: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    result = run("figures")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"Error: {variable}")
    assert result.err.count("\n") == 1


def test_a_master_key_is_never_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_MASTER_KEY", "c2VjcmV0")
    assert "c2VjcmV0" not in run("verify").err


def test_a_file_that_is_no_database_is_told_in_one_line(run: Run, data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "events.db").write_text("no database at all")
    result = run("verify")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: The database {data_dir / 'events.db'} is damaged: ")
    assert "file is not a database" in result.err
    assert result.err.count("\n") == 1


def test_a_directory_that_cannot_be_made_is_told_in_one_line(run: Run, data_dir: Path) -> None:
    data_dir.write_text("a file")
    result = run("verify")
    assert (result.code, result.err.count("\n")) == (1, 1)


def test_output_without_a_terminal_has_no_colours(run: Run, demo: Path) -> None:
    for args in (("figures", "--by", "channel"), ("keys", "list"), ("--help",)):
        assert "\x1b" not in run(*args).out
