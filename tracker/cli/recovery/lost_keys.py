"""`tracker lost-keys`: dossiers whose keys are lost, and the decision that accepts it."""

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
    app = typer.Typer(help="List the dossiers whose keys are lost; record that this is accepted.")
    app.command("list")(list_lost)
    app.command("accept")(accept)
    app.command("destroy-left")(destroy_left)
    return app


def list_lost(
    list_to: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", dir_okay=False, help="Write them all to this file."),
    ] = None,
) -> None:
    """List the dossiers that have no key and were not erased.

    Their personal data cannot be read any more. What happened, when, and the figures stay.
    """
    with opened() as it:
        accepted = {one.dossier_id: one for one in it.lost_keys.all()}
        rows: list[tuple[str, str]] = []
        for dossier_id, code in _lost(it):
            one = accepted.get(dossier_id)
            rows.append((code, f"{one.by}: {one.decision}" if one else "-"))
    if list_to:
        text = "".join(f"{code}\t{decision}\n" for code, decision in rows)
        list_to.write_text(text, encoding="utf-8")
    show_table(["dossier", "accepted by"], rows[:_MOST_SHOWN])
    say(f"{len(rows)} dossiers have lost their keys" + (f": {list_to}" if list_to else "."))


def accept(
    decision: Annotated[str, typer.Option(help="Why it is accepted; it is recorded as it is.")],
    by: Annotated[str, typer.Option(help="Who decided it; by default who runs this.")] = "",
) -> None:
    """Record that the keys lost by now are lost for good.

    'tracker verify' then passes, and names this loss every time. A key that is lost later fails it
    again. This is not an erasure: no event says that the person asked for it.
    """
    if not decision.strip():
        message = "--decision must say why the loss is accepted."
        raise UsageError(message)
    with opened() as it:
        known = {one.dossier_id for one in it.lost_keys.all()}
        now, name = it.now(), by.strip() or me(Role.ADMINISTRATOR).id
        fresh = [
            LostKey(dossier_id, code, now, name, decision.strip())
            for dossier_id, code in _lost(it)
            if dossier_id not in known
        ]
        it.lost_keys.add(fresh)
    say(f"The loss of {len(fresh)} keys is accepted.")


def destroy_left() -> None:
    """Destroy the keys of erased dossiers that an older backup of the keys brought back."""
    with opened() as it:
        left = it.scan.erased_with_key(PersonalDataErased.TOPIC)
        it.erasure.destroy_left(left)
    say(f"{len(left)} keys were destroyed.")


def _lost(it: Container) -> Iterator[tuple[UUID, str]]:
    """Return id and code of every dossier that has no key and was not erased."""
    for rows in it.scan.keyless(PersonalDataErased.TOPIC):
        event = decode(rows[0].topic, rows[0].state)
        yield event.originator_id, event.code
