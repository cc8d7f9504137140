"""`tracker work`: run the background roles of the service."""

import hashlib
import hmac
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from threading import Event as Signal
from typing import Annotated

import structlog
import typer

from tracker.adapters.kafka.inbox.inbox import Inbox
from tracker.adapters.kafka.metrics import WorkMetrics
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.kafka.relay.relay import Relay
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.cli.run.logging import configure_logs
from tracker.cli.run.sidecar import FOR_SERVE, ended_by_serve
from tracker.cli.run.signals import stopped_by_signals
from tracker.cli.terminal.console import say
from tracker.cli.terminal.context import CHECK_FILES_S, check_topics, opened, settings
from tracker.cli.terminal.errors import CheckFailedError, UsageError
from tracker.container import Container
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.settings import Settings
from tracker.start_checks.databases import only_process
from tracker.start_checks.log_key import check_log_key
from tracker.start_checks.server_clock import check_clock
from tracker.supervisor import Task, supervise
from tracker.wiring.kafka import kafka_connection, topic_names
from tracker.wiring.read_models import PROJECTIONS

RELAY, INBOX, SENDER = "relay", "inbox", "sender"
ROLES = (RELAY, INBOX, *(projection.NAME for projection in PROJECTIONS), SENDER)
_FROM_KAFKA = frozenset(ROLES) - {RELAY, INBOX, SENDER, TransparencyLogProjection.NAME}

_log = structlog.get_logger("tracker.work")


def work(
    only: Annotated[
        str,
        typer.Option(
            metavar="ROLE,…",
            help=f"Roles to run: {', '.join(ROLES)}. Default: all; the last only if TRACKER_NOTICES"
            " is set.",
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(
            help="A name for this relay that is unique and stays the same after a restart."
        ),
    ] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port for /metrics. 0: no metrics.")
    ] = 0,
    for_serve: Annotated[bool, typer.Option(FOR_SERVE, hidden=True)] = False,
) -> None:
    """Relay events to Kafka, accept commands of partners, keep the read models and the log.

    The sender notifies people and systems. Several processes may run the same role, except the log:
    only one process may have its key. On SIGTERM or Ctrl-C each role finishes its current work. If
    a role fails for good, the process exits with 1 and prints the reason.
    """
    chosen = settings()
    roles = _default_roles(chosen) if for_serve else _roles(only, chosen)
    configure_logs(chosen.log_level)
    causes: list[tuple[str, Exception]] = []
    stop = Signal()

    def died(role: str, error: Exception) -> None:
        causes.append((role, error))
        _log.critical("a role cannot go on", role=role, exc_info=error)
        stop.set()

    locks = () if for_serve else roles
    check_files_s = 0 if for_serve else CHECK_FILES_S
    with (
        only_process(chosen, locks),
        opened(chosen, sharing=_FROM_KAFKA & {*roles}, check_files_s=check_files_s) as container,
        ExitStack() as sending,
    ):
        check_topics(container)
        if INBOX in roles:
            check_clock(container.scan, container.facts, container.now())
        if TransparencyLogProjection.NAME in roles:
            check_log_key(container.log, chosen, must_sign=container.is_embedded)
        metrics = WorkMetrics(
            {role: container.follows[role].model for role in roles if role in _FROM_KAFKA},
            lambda: KafkaFeed(kafka_connection(chosen), topic_names(chosen)),
            container.message_gauges() if SENDER in roles else (),
        )
        tasks = _tasks(container, roles, name or socket.gethostname(), metrics)
        if SENDER in roles:
            tasks += sending.enter_context(container.sending_tasks())
        stopping = (
            ended_by_serve(stop.set, container.wake) if for_serve else stopped_by_signals(stop.set)
        )
        with metrics.served(port), stopping, supervise(tasks, died):
            if not for_serve:
                say(f"Tracker works as {', '.join(roles)}")
            with less_frequent_gc():
                stop.wait()
    if causes:
        role, error = causes[0]
        message = f"The role {role} cannot go on: {error}"
        if for_serve:
            say(message)
        raise CheckFailedError(message)


def _roles(only: str, chosen: Settings) -> Sequence[str]:
    if not chosen.kafka_servers:
        message = "TRACKER_KAFKA_SERVERS is not set. Without Kafka, 'tracker serve' does this work."
        raise UsageError(message)
    named = tuple(dict.fromkeys(role.strip() for role in only.split(",") if role.strip()))
    roles = named or _default_roles(chosen)
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        message = f"There is no role {', '.join(unknown)}. The roles are {', '.join(ROLES)}."
        raise UsageError(message)
    if SENDER in roles and not chosen.notices:
        message = "TRACKER_NOTICES is not set. Set it to the file that says how to notify people."
        raise UsageError(message)
    return roles


def _default_roles(chosen: Settings) -> Sequence[str]:
    kafka_roles = () if chosen.kafka_servers else (RELAY, INBOX)
    without = {*kafka_roles, *(() if chosen.notices else (SENDER,))}
    return tuple(role for role in ROLES if role not in without)


def _tasks(
    container: Container, roles: Sequence[str], name: str, metrics: WorkMetrics
) -> list[Task]:
    connection, names = kafka_connection(container.settings), topic_names(container.settings)
    tasks = container.following_tasks([role for role in roles if role in container.follows])
    if RELAY in roles:
        relay = Relay(
            container.tracker.store,
            connection,
            names,
            name=name,
            now=container.now,
            watch=metrics.record_relay,
            epoch=container.epochs.current,
        )
        tasks.append(Task(RELAY, relay.run, relay.wake))
    if INBOX in roles:
        inbox = Inbox(
            connection,
            names,
            handle=container.tracker.handle,
            keys=container.keys,
            secret=inbox_secret(container.settings),
            watch=metrics.record_inbox_outcome,
        )
        tasks += [Task(INBOX, inbox.run), Task("past", container.past.run, container.past.wake)]
    return tasks


def inbox_secret(chosen: Settings) -> bytes:
    """Return the secret that authenticates inbox actors, derived from the master key."""
    return hmac.new(chosen.master_key_bytes(), b"tracker inbox actors", hashlib.sha256).digest()
