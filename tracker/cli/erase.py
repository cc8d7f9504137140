"""`tracker erase`: erase the personal data of a dossier for ever."""

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
        str, typer.Option(help="The law and the request that it answers. This text is recorded.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase the personal data of a dossier. This cannot be undone.

    The command destroys the dossier's key. Names, addresses and reasons can then not be read any
    more, neither in the store nor in Kafka nor in a backup of the events. The steps, their times
    and the figures stay. A backup of the keys still holds the key: delete old ones.
    """
    code = tidied(code)
    if not basis.strip():
        message = "--basis is empty. Name the law and the request."
        raise UsageError(message)
    if not yes:
        note(f"This erases the personal data of {code} for ever.")
        if typer.prompt("Type the code again to continue", err=True) != code:
            message = "The codes differ. Nothing was erased."
            raise UsageError(message)
    with opened() as container:
        container.erasure.erase(
            me(Role.ADMINISTRATOR), code, event_id=f"erase-{uuid4().hex}", basis=basis.strip()
        )
    say(f"The personal data of {code} is erased.")
