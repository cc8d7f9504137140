"""`tracker messages`: what was told to whom, and letting it be told again."""

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
    app = typer.Typer(help="See what people and systems were told; let it be told again.")
    app.command("list")(list_)
    app.command("retry")(retry)
    app.command("replay")(replay)
    return app


def list_(
    state: Annotated[
        list[State] | None, typer.Option(help="Only those in this state; may be said again.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List messages, newest first, with what became of each; to whom they went is not kept."""
    with opened() as it:
        zone = it.service.calendar.zone
        rows = [
            (
                one.id,
                one.target,
                one.code,
                one.kind,
                one.state.value,
                str(one.attempts),
                shown(one.changed_at, zone),
                shown(one.due_at, zone) if one.state is State.WAITING else "-",
                one.reason or "-",
            )
            for one in it.deliveries.all(states=state or list(State), limit=limit)
        ]
    show_table(
        ["message", "to", "dossier", "about", "state", "tries", "since", "next try", "reason"], rows
    )


def retry(
    messages: Annotated[list[str], typer.Argument(metavar="MESSAGE…", help="As 'list' has them.")],
) -> None:
    """Let dead messages be tried again, all of those named or none."""
    with opened() as it:
        it.deliveries.retry(messages, it.now())
    say(f"{len(messages)} messages will be tried again.")


def replay(
    since: Annotated[
        str, typer.Option(metavar="TIME", help="ISO 8601, or a day; the service's zone.")
    ],
    to: Annotated[str, typer.Option(metavar="NAME", help="The webhook, as its file names it.")],
) -> None:
    """Tell a webhook once more all that was heard of since, under the same ids as before.

    People are never told twice.
    """
    target = f"webhook:{to}"
    with opened() as it, it.routes() as routes:
        if target not in {route.target for route in routes.routes}:
            message = f"There is no webhook {to!r} in the file that TRACKER_NOTICES names."
            raise UsageError(message)
        begin = start("--since", since, it.service.calendar.zone) or it.now()
        _note_all(it, target, begin)
        count = it.deliveries.replay(target, begin, it.now())
    say(f"{count} messages will be sent to {to} again.")


def _note_all(it: Container, target: str, begin: datetime) -> None:
    """Note what was never noted for this target: it may be a new one."""
    after = None
    while lines := it.outbox.since(begin, after=after, limit=_PAGE):
        after = lines[-1].notice
        it.deliveries.add(target, [line.notice for line in lines], it.now())
