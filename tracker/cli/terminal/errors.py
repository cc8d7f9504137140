"""How a command ends when it cannot do, or did not find, what it should."""

import typer


class UsageError(typer.TyperException):
    """The command was called in a way that cannot be carried out."""

    exit_code = 2


class CheckFailedError(typer.TyperException):
    """A check found what must not be."""


class SettingsError(UsageError):
    """One or more settings are wrong; the message has a line for each."""
