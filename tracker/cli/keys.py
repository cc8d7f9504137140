"""`tracker keys`: make, list and revoke API keys."""

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
"""The kinds of office where each role works. The other roles have no office."""


def keys() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=False)
    app.command("make")(make)
    app.command("list")(list_)
    app.command("revoke")(revoke)
    return app


def make(
    role: Annotated[Role, typer.Option(help="The role of the holder.")],
    actor: Annotated[
        str, typer.Option(metavar="ID", help="The holder's id, as events will record it.")
    ],
    office: Annotated[
        str,
        typer.Option(
            metavar="ID", help="The holder's office; required for roles that work at one."
        ),
    ] = "",
    partner: Annotated[
        str,
        typer.Option(
            metavar="ID", help="A carrier's partner id. An agent's follows from the office."
        ),
    ] = "",
) -> None:
    """Make a key and print it. It is shown only once: the service stores only a digest."""
    with opened() as container:
        holder = checked(container.service.network, Actor(role, actor, office, partner))
        _check_id_is_free(container, holder)
        say(container.keys.make(holder, container.now()))
    note(f"Key of {holder.role} {holder.id}. Keep it safe; it cannot be shown again.")


def list_() -> None:
    """List every key that was ever made, without the secrets."""
    with opened() as container:
        zone = container.service.calendar.zone
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
            for key in container.keys.all()
        ]
    show_table(["key", "role", "actor", "office", "partner", "made at", "revoked at"], rows)


def revoke(
    key: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as 'keys list' shows it.")
    ],
) -> None:
    """Revoke a key at once, for ever."""
    with opened() as container:
        container.keys.revoke(key, container.now())
    say(f"Revoked {key}.")


def checked(network: Network, actor: Actor) -> Actor:
    """Return the actor, with an agent's partner filled in.

    Raise `UsageError` if the office or partner does not fit the role.
    """
    try:
        TypeAdapter(Id).validate_python(actor.id)
    except ValidationError:
        message = f"--actor {actor.id!r} must be 1 to 64 letters, digits and . _ : / -"
        raise UsageError(message) from None
    try:
        return _with_partner(network, actor)
    except UnknownError as error:
        message = f"{error} (--office {actor.office!r}, --partner {actor.partner!r})"
        raise UsageError(message) from error


def _with_partner(network: Network, actor: Actor) -> Actor:
    if actor.role is Role.CITIZEN:
        message = "A citizen has no key. Citizens use the link on the receipt."
        raise UsageError(message)
    if actor.role in _OFFICES:
        return _with_office_partner(network, actor)
    fault = ""
    if actor.office:
        fault = f"A key for {actor.role} has no office. Leave --office out."
    elif actor.role is not Role.CARRIER and actor.partner:
        fault = f"A key for {actor.role} has no partner. Leave --partner out."
    elif actor.role is Role.CARRIER and not actor.partner:
        fault = "A key for carrier needs --partner."
    elif actor.partner and not network.partner(actor.partner).carrier:
        fault = f"{actor.partner} is not a carrier. Give the id of a carrier."
    if fault:
        raise UsageError(fault)
    return actor


def _with_office_partner(network: Network, actor: Actor) -> Actor:
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


def _check_id_is_free(container: Container, actor: Actor) -> None:
    """Raise `UsageError` if another actor has this id: events could not tell the two apart."""
    for key in container.keys.all():
        if key.actor.id == actor.id and key.actor != actor:
            message = (
                f"{actor.id} is already the id of another actor: see key {key.id}. Choose another."
            )
            raise UsageError(message)
