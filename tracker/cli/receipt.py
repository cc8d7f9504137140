"""`tracker receipt`: the link on a dossier's receipt, and the end of one in wrong hands."""

from typing import Annotated

import typer

from tracker.application.commands.envelope import UnknownDossierError
from tracker.cli.terminal.console import note, say
from tracker.cli.terminal.context import opened
from tracker.domain.dossier.codes import dossier_id, tidied


def receipt(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The dossier.")],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="End every link given so far, and give another.")
    ] = False,
) -> None:
    """Show the link on a dossier's receipt: whoever has it sees what the owner sees.

    A receipt that was lost is replaced: with `--revoke` the old link opens nothing any more.
    """
    code = tidied(code)
    with opened() as it:
        if not it.tracker.store.select_events(dossier_id(code), limit=1):
            raise UnknownDossierError
        if revoke:
            it.receipts.revoke(code)
            note(f"Every earlier link of {code} is ended.")
        say(it.receipts.link(code))
