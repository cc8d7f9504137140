"""`tracker messages`: list notifications, retry dead ones, replay them to a webhook."""

from datetime import datetime
from typing import Annotated

import typer

from tracker.application.notifications.dispatcher import State
from tracker.cli.terminal.console import say, show_table
from tracker.cli.terminal.context import opened
from tracker.cli.terminal.errors import UsageError
from tracker.cli.terminal.time_options import shown, start
from tracker.container import Container

_PAGE = 1000


def messages() -> typer.Typer:
    """Return the commands of this group."""
    app = typer.Typer(help="List messages to people and systems; send them again.")
    app.command("list")(list_)
    app.command("retry")(retry)
    app.command("replay")(replay)
    return app


def list_(
    state: Annotated[
        list[State] | None,
        typer.Option(help="Only messages in this state. Repeat the option for several."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The largest number of messages.")] = 100,
) -> None:
    """List messages with their state, newest first. Addresses are not stored."""
    with opened() as container:
        zone = container.service.calendar.zone
        rows = [
            (
                delivery.id,
                delivery.target,
                delivery.code,
                delivery.kind,
                delivery.state.value,
                str(delivery.attempts),
                shown(delivery.changed_at, zone),
                shown(delivery.due_at, zone) if delivery.state is State.WAITING else "-",
                delivery.reason or "-",
            )
            for delivery in container.deliveries.all(states=state or list(State), limit=limit)
        ]
    show_table(
        ["message", "to", "dossier", "about", "state", "tries", "since", "next try", "reason"], rows
    )


def retry(
    messages: Annotated[
        list[str], typer.Argument(metavar="MESSAGE…", help="Ids, as 'list' shows them.")
    ],
) -> None:
    """Try dead messages again: all that you name, or none."""
    with opened() as container:
        container.deliveries.retry(messages, container.now())
    say(f"{len(messages)} messages will be tried again.")


def replay(
    since: Annotated[
        str, typer.Option(metavar="TIME", help="ISO 8601, or a day, in the service's zone.")
    ],
    to: Annotated[
        str, typer.Option(metavar="NAME", help="The webhook's name in the file TRACKER_NOTICES.")
    ],
) -> None:
    """Send a webhook again all messages since a time, with the same ids.

    People never get a message twice.
    """
    target = f"webhook:{to}"
    with opened() as container, container.routes() as routes:
        if target not in {route.target for route in routes.routes}:
            message = f"There is no webhook {to!r} in the file that TRACKER_NOTICES names."
            raise UsageError(message)
        begin = start("--since", since, container.service.calendar.zone) or container.now()
        _add_missing(container, target, begin)
        count = container.deliveries.replay(target, begin, container.now())
    say(f"{count} messages will be sent to {to} again.")


def _add_missing(container: Container, target: str, begin: datetime) -> None:
    """Add the deliveries that this target lacks: it may be a new target."""
    after = None
    while lines := container.outbox.since(begin, after=after, limit=_PAGE):
        after = lines[-1].notification
        container.deliveries.add(target, [line.notification for line in lines], container.now())
