"""`tracker receipt`: show the link on a dossier's receipt, or revoke it."""

from typing import Annotated

import typer

from tracker.application.commands.envelope import UnknownDossierError
from tracker.cli.terminal.console import note, say
from tracker.cli.terminal.context import opened
from tracker.domain.dossier.codes import dossier_id, tidied


def receipt(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The dossier.")],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Revoke every earlier link and show a new one.")
    ] = False,
) -> None:
    """Show the link on a dossier's receipt.

    Anyone who has the link sees what the owner sees. If a receipt is lost, use `--revoke`: the old
    link stops working.
    """
    code = tidied(code)
    with opened() as container:
        if not container.tracker.store.select_events(dossier_id(code), limit=1):
            raise UnknownDossierError
        if revoke:
            container.receipts.revoke(code)
            note(f"Every earlier link of {code} is revoked.")
        say(container.receipts.link(code))
