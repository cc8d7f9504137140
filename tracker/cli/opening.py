"""Opens the installation that the environment names, for one command."""

import getpass
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import ValidationError

from tracker.bootstrap import installation, wall_clock
from tracker.cli.console import Step, progress
from tracker.cli.errors import UsageError
from tracker.domain.actors import Actor, Role
from tracker.installation import Follow, Installation
from tracker.settings import Settings


def settings() -> Settings:
    """Read the settings from the environment. Raises `UsageError`."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"{_variable(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors())
        raise UsageError("; ".join(faults)) from error


def settings_with_kafka() -> Settings:
    """Read them likewise, where they name a Kafka. Raises `UsageError`."""
    chosen = settings()
    if not chosen.kafka_servers:
        message = "TRACKER_KAFKA_SERVERS is not set."
        raise UsageError(message)
    return chosen


@contextmanager
def opened(
    chosen: Settings | None = None,
    now: Callable[[], datetime] = wall_clock,
    *,
    sharing: Collection[str] = (),
    stored: Callable[[], None] = lambda: None,
) -> Iterator[Installation]:
    """Open the installation. Raises `UsageError` where its settings are of no use."""
    chosen = chosen or settings()
    try:
        chosen.master_key_bytes()
    except ValueError as error:
        message = f"{_variable('master_key')} (or the file master.key): {error}"
        raise UsageError(message) from error
    with installation(chosen, now, sharing=sharing, stored=stored) as it:
        yield it


def catch_up(it: Installation) -> int:
    """Bring every read model up to date, and tell how many events were taken.

    With Kafka that is left to those who work on it. Raises `ReadModelAheadError`.
    """
    if not it.is_embedded:
        return 0
    it.check_not_ahead()
    behind = {follow: _behind(follow) for follow in it.follows.values()}
    with progress("Read models", sum(behind.values())) as step:
        return sum(run(follow, step) for follow in behind)


def run(follow: Follow, step: Step) -> int:
    """Bring one read model up to date, batch by batch."""
    total = 0
    for partition in follow.feed.partitions():
        while taken := follow.projector.run_once(partition):
            total += taken
            step(taken)
    return total


def me(role: Role) -> Actor:
    """Give whoever runs this command, in this role, as it is recorded."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "unknown"
    return Actor(role, "cli:" + (re.sub(r"[^A-Za-z0-9._-]", "_", name)[:40] or "unknown"))


def _behind(follow: Follow) -> int:
    return sum(
        max(head - follow.model.position(partition), 0)
        for partition, head in follow.feed.heads().items()
    )


def _variable(field: str) -> str:
    return f"TRACKER_{field.upper()}"
