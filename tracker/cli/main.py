"""The command `tracker`: register every subcommand and print errors."""

import os
import sqlite3
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from eventsourcing.persistence import PersistenceError
from kafka.errors import KafkaError
from sqlalchemy.exc import SQLAlchemyError

from tracker.application.commands.handler import StoreUnavailableError
from tracker.cli.check_data import check_data
from tracker.cli.demo import demo
from tracker.cli.erase import erase
from tracker.cli.export import export_to
from tracker.cli.figures import figures
from tracker.cli.history import history
from tracker.cli.import_log import import_file
from tracker.cli.keys import keys
from tracker.cli.migrate import migrate
from tracker.cli.notifications import messages
from tracker.cli.receipt import receipt
from tracker.cli.recovery.lost_keys import lost_keys
from tracker.cli.recovery.rebuild import rebuild
from tracker.cli.recovery.restore import dead_letters, restore
from tracker.cli.recovery.topics import topics
from tracker.cli.run.serve import serve
from tracker.cli.run.work import work
from tracker.cli.terminal.console import note
from tracker.cli.terminal.errors import SettingsError
from tracker.cli.transparency_log import log
from tracker.cli.verify.command import verify
from tracker.domain.errors import TrackerError
from tracker.settings import Settings

_HELP = "Track administrative dossiers from intake to delivery, and prove what happened to them."


_PRIVATE = 0o077
"""The umask: only the owner may read the files that a command writes."""

_PYDANTIC_PREFIX = "Value error, "
"""Pydantic puts this before some error messages. It is removed for readers."""


def program() -> typer.Typer:
    """Return the program with all commands. Help is plain text unless the output is a terminal."""
    app = typer.Typer(
        name="tracker",
        help=_HELP,
        epilog=_settings_help(),
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown" if sys.stdout.isatty() else None,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=_HELP)(_without_command)
    app.command()(serve)
    app.command()(demo)
    app.command("import")(import_file)
    app.command("export")(export_to)
    app.command()(figures)
    app.command()(history)
    app.command()(rebuild)
    app.command()(migrate)
    app.add_typer(topics(), name="topics")
    app.command()(work)
    app.command()(restore)
    app.add_typer(dead_letters(), name="dead-letters")
    app.command()(verify)
    app.add_typer(log(), name="log")
    app.add_typer(keys(), name="keys")
    app.add_typer(lost_keys(), name="lost-keys")
    app.add_typer(messages(), name="messages")
    app.command()(receipt)
    app.command()(erase)
    app.command("check-data")(check_data)
    return app


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 success, 1 failed check or error, 2 wrong usage."""
    before = os.umask(_PRIVATE)
    try:
        code = program()(args=args, prog_name="tracker", standalone_mode=False)
    except SettingsError as error:
        for line in error.format_message().splitlines():
            note(f"Error: {line.replace(_PYDANTIC_PREFIX, '')}")
        sys.exit(error.exit_code)
    except typer.TyperException as error:
        note(f"Error: {_one_line(error.format_message().replace(_PYDANTIC_PREFIX, ''))}")
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except (
        TrackerError,
        PersistenceError,
        SQLAlchemyError,
        KafkaError,
        sqlite3.Error,
        OSError,
    ) as error:
        cause = error.__cause__ if isinstance(error, StoreUnavailableError) else None
        note(f"Error: {_one_line(str(cause or error)) or type(error).__name__}")
        sys.exit(1)
    finally:
        os.umask(before)
    sys.exit(code if isinstance(code, int) else 0)


def _without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        note(context.get_help())
        raise typer.Exit(2)


def _settings_help() -> str:
    names = ", ".join(f"TRACKER_{name.upper()}" for name in Settings.model_fields)
    return f"Settings are read from the environment: {names}."


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())
