"""Open the installation that the environment describes, for one command."""

import getpass
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import ValidationError

from tracker.bootstrap import open_container, wall_clock
from tracker.cli.terminal.console import Step, progress
from tracker.cli.terminal.errors import SettingsError, UsageError
from tracker.cli.terminal.variables import unknown_variables, variable
from tracker.container import Container, Follow
from tracker.domain.dossier.actors import Actor, Role
from tracker.settings import Settings
from tracker.start_checks.partitions import check_partitions
from tracker.wiring.kafka import kafka_connection, topic_names

CHECK_FILES_S = 10
"""Seconds for which a long-running program may check each SQLite database. Others: 1."""


def settings() -> Settings:
    """Read the settings from the environment. Raise `SettingsError`."""
    faults = unknown_variables(os.environ)
    try:
        chosen = Settings()
    except ValidationError as error:
        faults += [f"{variable(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors()]
    if faults:
        raise SettingsError("\n".join(faults))
    return chosen


def settings_with_kafka() -> Settings:
    """Read the settings. Raise `SettingsError`, or `UsageError` if no Kafka is set."""
    chosen = settings()
    if not chosen.kafka_servers:
        message = "TRACKER_KAFKA_SERVERS is not set. This command needs Kafka."
        raise UsageError(message)
    return chosen


@contextmanager
def opened(
    chosen: Settings | None = None,
    now: Callable[[], datetime] = wall_clock,
    *,
    sharing: Collection[str] = (),
    stored: Callable[[], None] = lambda: None,
    check_files_s: float = 1,
    makes_key: bool = True,
) -> Iterator[Container]:
    """Open the installation. Raise `UsageError` or `CannotStartError`."""
    chosen = chosen or settings()
    check_shape(chosen)
    with open_container(
        chosen,
        now,
        sharing=sharing,
        stored=stored,
        check_files_s=check_files_s,
        makes_key=makes_key,
    ) as container:
        yield container


def check_shape(chosen: Settings) -> None:
    """Raise `UsageError` if PostgreSQL is used without Kafka and TRACKER_EMBEDDED is not set."""
    if chosen.embedded and chosen.kafka_servers:
        message = "TRACKER_EMBEDDED and TRACKER_KAFKA_SERVERS contradict each other. Unset one."
        raise UsageError(message)
    on_server = chosen.events_url().startswith("postgresql://")
    if on_server and not chosen.kafka_servers and not chosen.embedded:
        message = (
            "The store is on PostgreSQL, and TRACKER_KAFKA_SERVERS is not set. Set it, or set"
            " TRACKER_EMBEDDED=true to keep the read models without Kafka."
        )
        raise UsageError(message)


def check_topics(container: Container) -> None:
    """Raise `CannotStartError` if Kafka topics have another number of partitions than set."""
    if container.settings.kafka_servers:
        connection, names = kafka_connection(container.settings), topic_names(container.settings)
        check_partitions(container.settings, container.facts, connection, names)


def catch_up(container: Container) -> int:
    """Bring every read model up to date. Return the number of events read.

    With Kafka, do nothing: `tracker work` does it. Raise `ReadModelAheadError`.
    """
    if not container.is_embedded:
        return 0
    container.check_not_ahead()
    behind = {follow: _behind(follow) for follow in container.follows.values()}
    with progress("Read models", sum(behind.values())) as step:
        return sum(run(follow, step) for follow in behind)


def run(follow: Follow, step: Step) -> int:
    """Bring one read model up to date, batch by batch. Return the number of events read."""
    total = 0
    for partition in follow.feed.partitions():
        while taken := follow.projector.run_once(partition):
            total += taken
            step(taken)
    return total


def me(role: Role) -> Actor:
    """Return the operating-system user as an actor with this role."""
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
