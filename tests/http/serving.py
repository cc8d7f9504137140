"""Serve an application by a real server on a socket."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from fastapi import FastAPI

from tracker.adapters.http.server.connections import MOST, ConnectionLimits
from tracker.adapters.http.server.serving import guard

Address = tuple[str, int]


@contextmanager
def served(
    app: FastAPI, limits: ConnectionLimits | None = None, *, most: int = MOST
) -> Iterator[Address]:
    """Serve an application that has started already, in the same way as `tracker serve`."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
    )
    server = uvicorn.Server(guard(config, limits or ConnectionLimits(), most=most))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield listening.getsockname()
        finally:
            server.should_exit = True
            thread.join(timeout=60)
    assert not thread.is_alive()
