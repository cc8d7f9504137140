"""`tracker erase`: takes a person out of a dossier, for ever."""

from typing import Annotated
from uuid import uuid4

import typer

from tracker.cli.terminal.console import note, say
from tracker.cli.terminal.context import me, opened
from tracker.cli.terminal.errors import UsageError
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.codes import tidied


def erase(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The dossier.")],
    basis: Annotated[
        str, typer.Option(help="The law, and the request it answers; it is recorded as it is.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Erase a person from a dossier: it cannot be undone.

    The dossier's key is destroyed, so that names, addresses and reasons open nowhere any more, nor
    in the topic or in a backup of the events. What happened, when, and the figures stay. A backup
    of the keys holds the key as long as it is kept.
    """
    code = tidied(code)
    if not basis.strip():
        message = "--basis must say by what law or request."
        raise UsageError(message)
    if not yes:
        note(f"The personal data of {code} will be gone for ever, for everybody.")
        if typer.prompt("Type the code again to go on", err=True) != code:
            message = "That is another code; nothing was erased."
            raise UsageError(message)
    with opened() as it:
        it.erasure.erase(
            me(Role.ADMINISTRATOR), code, event_id=f"erase-{uuid4().hex}", basis=basis.strip()
        )
    say(f"The personal data of {code} is erased.")
