"""Errors that end a command with a message and an exit code."""

import typer


class UsageError(typer.TyperException):
    """The command has wrong arguments or settings. The exit code is 2."""

    exit_code = 2


class CheckFailedError(typer.TyperException):
    """A check failed. The exit code is 1."""


class SettingsError(UsageError):
    """One or more settings are wrong. The message has a line for each."""
