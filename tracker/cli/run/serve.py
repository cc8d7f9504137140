"""`tracker serve`: runs the service until it is told to stop."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
import typer
import uvicorn

from tracker.adapters.http.server.connections import ConnectionLimits
from tracker.adapters.http.server.serving import allow_many, guard
from tracker.cli.run.gc_tuning import less_frequent_gc
from tracker.cli.run.logging import configure_logs
from tracker.cli.run.sidecar import Sidecar
from tracker.cli.run.signals import stopped_by_signals
from tracker.cli.terminal.console import say
from tracker.cli.terminal.context import CHECK_FILES_S, check_shape, check_topics, opened, settings
from tracker.cli.terminal.errors import CheckFailedError
from tracker.settings import Settings
from tracker.start_checks import server_clock
from tracker.start_checks.databases import only_process
from tracker.start_checks.log_key import check_log_key
from tracker.supervisor import Task, supervise
from tracker.wiring.http import http_app

_FINISH_WITHIN_S = 20

_log = structlog.get_logger("tracker.serve")


def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on, instead of TRACKER_HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Instead of TRACKER_PORT; 0 takes a free one."),
    ] = None,
    accept_clock: Annotated[
        bool,
        typer.Option(help="This machine's clock is right, although newer events are stored."),
    ] = False,
) -> None:
    """Run the service; without Kafka a process of its own keeps the read models beside it.

    On SIGTERM or Ctrl-C it takes nothing more, finishes what was taken, and ends with 0.

    A read model or a sender of messages that cannot go on ends the service with 1, rather than let
    it fall behind unseen.
    """
    chosen = settings()
    chosen = chosen.model_copy(
        update={"host": host or chosen.host, "port": chosen.port if port is None else port}
    )
    configure_logs(chosen.log_level)
    most = allow_many()
    check_shape(chosen)
    with _listening(chosen.host, chosen.port) as listening, only_process(chosen, ["serve"]):
        chosen = chosen.model_copy(update={"port": listening.getsockname()[1]})
        _serve(listening, chosen, most, accepts_clock=accept_clock)


def _serve(listening: socket.socket, chosen: Settings, most: int, *, accepts_clock: bool) -> None:
    causes: list[tuple[str, Exception]] = []
    where = {"TRACKER_HOST": chosen.host, "TRACKER_PORT": str(chosen.port)}
    with (
        Sidecar(where) as beside,
        opened(chosen, stored=beside.wake, check_files_s=CHECK_FILES_S) as it,
    ):
        if accepts_clock:
            server_clock.accept_clock(it.scan, it.facts)
        server_clock.check_clock(it.scan, it.facts, it.now())
        check_topics(it)
        config = uvicorn.Config(
            http_app(it, lambda: server.should_exit),
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # `Proxies` reads them, for every request alike
            timeout_graceful_shutdown=_FINISH_WITHIN_S,
        )
        server: uvicorn.Server = uvicorn.Server(guard(config, _limits(chosen), most=most))

        def stop() -> None:
            server.should_exit = True

        def died(name: str, error: Exception) -> None:
            causes.append((name, error))
            _log.critical("a task cannot go on", task=name, exc_info=error)
            stop()

        tasks: list[Task] = []
        if it.is_embedded:  # else the workers look, and Kafka may be away while people are served
            it.past.check()
            check_log_key(it.log, chosen, must_sign=True)
            tasks = [Task("work", beside.run, beside.stop)]
        elif not it.past.look():
            _log.critical("reads are answered, writes are refused", faults=it.past.faults())
        tasks.append(Task("past", it.past.run, it.past.wake))
        with stopped_by_signals(stop), supervise(tasks, died):
            _announce(chosen)
            with less_frequent_gc():
                server.run(sockets=[listening])
    if causes:
        name, error = causes[0]
        message = f"The task {name} cannot go on: {error}"
        raise CheckFailedError(message)


def _limits(chosen: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        header_s=chosen.http_header_seconds,
        body_s=chosen.http_body_seconds,
        idle_s=chosen.http_idle_seconds,
        write_s=chosen.http_write_seconds,
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        message = f"Cannot listen on {host}, port {port}: {error.strerror or error}"
        raise CheckFailedError(message) from error
    with listening:
        yield listening


def _announce(chosen: Settings) -> None:
    address = chosen.listening_at()
    say(f"Tracker listens on {address}")
    say(f"  page     {address}/")
    say(f"  desk     {address}/desk")
    say(f"  docs     {address}/docs")
    say(f"  metrics  {address}/metrics")
