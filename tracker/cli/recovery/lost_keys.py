"""`tracker lost-keys`: list dossiers whose keys are lost, and record a decision about them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from tracker.application.recovery.key_loss import LostKey
from tracker.cli.terminal.console import say, show_table
from tracker.cli.terminal.context import me, opened
from tracker.cli.terminal.errors import UsageError
from tracker.container import Container
from tracker.domain.dossier.actors import Role
from tracker.domain.dossier.events.records import PersonalDataErased
from tracker.serialization import decode

_MOST_SHOWN = 20


def lost_keys() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="List dossiers whose keys are lost; record that the loss is accepted.")
    app.command("list")(list_lost)
    app.command("accept")(accept)
    app.command("destroy-left")(destroy_left)
    return app


def list_lost(
    list_to: Annotated[
        Path | None,
        typer.Option(
            "--list", metavar="FILE", dir_okay=False, help="Write all of them to this file."
        ),
    ] = None,
) -> None:
    """List the dossiers that have no key and were not erased.

    Their personal data cannot be read any more. What happened, when, and the figures stay.
    """
    with opened() as container:
        accepted = {loss.dossier_id: loss for loss in container.lost_keys.all()}
        rows: list[tuple[str, str]] = []
        for dossier_id, code in _lost(container):
            loss = accepted.get(dossier_id)
            rows.append((code, f"{loss.by}: {loss.decision}" if loss else "-"))
    if list_to:
        text = "".join(f"{code}\t{decision}\n" for code, decision in rows)
        list_to.write_text(text, encoding="utf-8")
    show_table(["dossier", "accepted by"], rows[:_MOST_SHOWN])
    say(f"{len(rows)} dossiers have lost their keys" + (f": {list_to}" if list_to else "."))


def accept(
    decision: Annotated[str, typer.Option(help="Why the loss is accepted. This text is recorded.")],
    by: Annotated[
        str, typer.Option(help="Who decided it. Default: the user who runs this command.")
    ] = "",
) -> None:
    """Record that the keys lost until now are lost for good.

    'tracker verify' then passes, and reports this loss every time. It fails again if another key is
    lost later. This is not an erasure: no event says that the person asked for it.
    """
    if not decision.strip():
        message = "--decision is empty. Say why the loss is accepted."
        raise UsageError(message)
    with opened() as container:
        known = {loss.dossier_id for loss in container.lost_keys.all()}
        now, name = container.now(), by.strip() or me(Role.ADMINISTRATOR).id
        losses = [
            LostKey(dossier_id, code, now, name, decision.strip())
            for dossier_id, code in _lost(container)
            if dossier_id not in known
        ]
        container.lost_keys.add(losses)
    say(f"The loss of {len(losses)} keys is accepted.")


def destroy_left() -> None:
    """Destroy keys of erased dossiers that came back with an older backup of the keys."""
    with opened() as container:
        left = container.scan.erased_with_key(PersonalDataErased.TOPIC)
        container.erasure.destroy_left(left)
    say(f"{len(left)} keys were destroyed.")


def _lost(container: Container) -> Iterator[tuple[UUID, str]]:
    """Yield the id and code of every dossier that has no key and was not erased."""
    for rows in container.scan.keyless(PersonalDataErased.TOPIC):
        event = decode(rows[0].topic, rows[0].state)
        yield event.originator_id, event.code
