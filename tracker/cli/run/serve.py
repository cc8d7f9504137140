"""`tracker serve`: run the service until it receives a stop signal."""

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
        typer.Option(
            min=0,
            max=65535,
            help="The port to listen on, instead of TRACKER_PORT. 0 chooses a free port.",
        ),
    ] = None,
    accept_clock: Annotated[
        bool,
        typer.Option(
            help="Confirm that this machine's clock is right although the store has later events."
        ),
    ] = False,
) -> None:
    """Run the service. Without Kafka, a second process keeps the read models up to date.

    On SIGTERM or Ctrl-C the service accepts no more requests, finishes the accepted ones, and exits
    with 0. If a read model or the sending of messages fails for good, the service exits with 1.
    """
    chosen = settings()
    chosen = chosen.model_copy(
        update={"host": host or chosen.host, "port": chosen.port if port is None else port}
    )
    configure_logs(chosen.log_level)
    most_connections = allow_many()
    check_shape(chosen)
    with _listening(chosen.host, chosen.port) as listener, only_process(chosen, ["serve"]):
        chosen = chosen.model_copy(update={"port": listener.getsockname()[1]})
        _serve(listener, chosen, most_connections, accepts_clock=accept_clock)


def _serve(
    listener: socket.socket, chosen: Settings, most_connections: int, *, accepts_clock: bool
) -> None:
    causes: list[tuple[str, Exception]] = []
    address = {"TRACKER_HOST": chosen.host, "TRACKER_PORT": str(chosen.port)}
    with (
        Sidecar(address) as sidecar,
        opened(chosen, stored=sidecar.wake, check_files_s=CHECK_FILES_S) as container,
    ):
        if accepts_clock:
            server_clock.accept_clock(container.scan, container.facts)
        server_clock.check_clock(container.scan, container.facts, container.now())
        check_topics(container)
        config = uvicorn.Config(
            http_app(container, lambda: server.should_exit),
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # `Proxies` reads them
            timeout_graceful_shutdown=_FINISH_WITHIN_S,
        )
        server: uvicorn.Server = uvicorn.Server(
            guard(config, _limits(chosen), most=most_connections)
        )

        def stop() -> None:
            server.should_exit = True

        def died(name: str, error: Exception) -> None:
            causes.append((name, error))
            _log.critical("a task cannot go on", task=name, exc_info=error)
            stop()

        tasks: list[Task] = []
        if (
            container.is_embedded
        ):  # otherwise the workers check; the service starts without Kafka too
            container.past.check()
            check_log_key(container.log, chosen, must_sign=True)
            tasks = [Task("work", sidecar.run, sidecar.stop)]
        elif not container.past.look():
            _log.critical("reads are answered, writes are refused", faults=container.past.faults())
        tasks.append(Task("past", container.past.run, container.past.wake))
        with stopped_by_signals(stop), supervise(tasks, died):
            _announce(chosen)
            with less_frequent_gc():
                server.run(sockets=[listener])
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
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        message = f"Cannot listen on {host}, port {port}: {error.strerror or error}"
        raise CheckFailedError(message) from error
    with listener:
        yield listener


def _announce(chosen: Settings) -> None:
    address = chosen.listening_at()
    say(f"Tracker listens on {address}")
    say(f"  page     {address}/")
    say(f"  desk     {address}/desk")
    say(f"  docs     {address}/docs")
    say(f"  metrics  {address}/metrics")
