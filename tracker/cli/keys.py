"""`tracker keys`: makes, lists and ends the API keys of the service."""

from dataclasses import replace
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from tracker.application.commands.text_types import Id
from tracker.cli.terminal.console import note, say, show_table
from tracker.cli.terminal.context import opened
from tracker.cli.terminal.errors import UsageError
from tracker.cli.terminal.time_options import shown
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.errors import UnknownError
from tracker.domain.network.network import Network, OfficeKind

_DESKS = frozenset({OfficeKind.BRANCH, OfficeKind.POINT, OfficeKind.MOBILE, OfficeKind.DEPARTMENT})
_OFFICES: dict[Role, frozenset[OfficeKind]] = {
    Role.STAFF: _DESKS,
    Role.AGENT: frozenset({OfficeKind.AGENT_POINT}),
    Role.COLLABORATOR: frozenset({OfficeKind.TEAM}),
    Role.KIOSK: frozenset({OfficeKind.KIOSK}),
    Role.PORTAL: frozenset({OfficeKind.PORTAL}),
}
"""At which kinds of office each role stands; the others stand at none."""


def keys() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="Make, list and end API keys.", no_args_is_help=False)
    app.command("make")(make)
    app.command("list")(list_)
    app.command("revoke")(revoke)
    return app


def make(
    role: Annotated[Role, typer.Option(help="What the holder is to the service.")],
    actor: Annotated[str, typer.Option(metavar="ID", help="Who holds it, as events will say.")],
    office: Annotated[
        str, typer.Option(metavar="ID", help="Where the holder stands; needed by desks.")
    ] = "",
    partner: Annotated[
        str, typer.Option(metavar="ID", help="A carrier's partner id; an agent's is known.")
    ] = "",
) -> None:
    """Make a key and print it, this once only: the service keeps no more than a digest."""
    with opened() as it:
        holder = checked(it.service.network, Actor(role, actor, office, partner))
        _refuse_a_double(it, holder)
        say(it.keys.make(holder, it.now()))
    note(f"Key of {holder.role} {holder.id}. Keep it now; it cannot be shown again.")


def list_() -> None:
    """List every key that was ever made, without its secret."""
    with opened() as it:
        zone = it.service.calendar.zone
        rows = [
            (
                key.id,
                key.actor.role.value,
                key.actor.id,
                key.actor.office or "-",
                key.actor.partner or "-",
                shown(key.made_at, zone),
                shown(key.revoked_at, zone) or "-",
            )
            for key in it.keys.all()
        ]
    show_table(["key", "role", "actor", "office", "partner", "made at", "revoked at"], rows)


def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as 'keys list' has it.")],
) -> None:
    """End a key at once, for ever."""
    with opened() as it:
        it.keys.revoke(key, it.now())
    say(f"Revoked {key}.")


def checked(network: Network, actor: Actor) -> Actor:
    """Return the actor, an agent's partner filled in. Raise `UsageError` where it fits no role."""
    try:
        TypeAdapter(Id).validate_python(actor.id)
    except ValidationError:
        message = f"--actor {actor.id!r} must be 1 to 64 letters, digits and . _ : / -"
        raise UsageError(message) from None
    try:
        return _fitted(network, actor)
    except UnknownError as error:
        message = f"{error} (--office {actor.office!r}, --partner {actor.partner!r})"
        raise UsageError(message) from error


def _fitted(network: Network, actor: Actor) -> Actor:
    if actor.role is Role.CITIZEN:
        message = "A citizen has no key; the link on the receipt is theirs."
        raise UsageError(message)
    if actor.role in _OFFICES:
        return _fitted_at_an_office(network, actor)
    fault = ""
    if actor.office:
        fault = f"A key for {actor.role} stands at no office; leave --office out."
    elif actor.role is not Role.CARRIER and actor.partner:
        fault = f"A key for {actor.role} belongs to no partner; leave --partner out."
    elif actor.role is Role.CARRIER and not actor.partner:
        fault = "A key for carrier needs --partner."
    elif actor.partner and not network.partner(actor.partner).carrier:
        fault = f"{actor.partner} is no carrier: it delivers nothing."
    if fault:
        raise UsageError(fault)
    return actor


def _fitted_at_an_office(network: Network, actor: Actor) -> Actor:
    if not actor.office:
        message = f"A key for {actor.role} needs --office."
        raise UsageError(message)
    office, kinds = network.office(actor.office), _OFFICES[actor.role]
    if office.kind not in kinds:
        places = ", ".join(sorted(kind.value for kind in kinds))
        message = f"{office.id} is a {office.kind}; a key for {actor.role} needs one of: {places}."
        raise UsageError(message)
    if actor.partner and actor.partner != office.partner:
        message = f"{office.id} is not run by {actor.partner}."
        raise UsageError(message)
    return replace(actor, partner=office.partner or "")


def _refuse_a_double(it: Container, actor: Actor) -> None:
    """Refuse an id that somebody else bears: what one of them sent would count as the other's."""
    for key in it.keys.all():
        if key.actor.id == actor.id and key.actor != actor:
            message = f"{actor.id} is another actor's id already: see key {key.id}."
            raise UsageError(message)
