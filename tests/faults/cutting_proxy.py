"""Stands between the service and PostgreSQL and cuts the connection when events are stored."""

import contextlib
import socket
from collections.abc import Iterator
from enum import StrEnum
from threading import Lock, Thread
from typing import Self

from ops.local_servers.ports import HOST, free_ports

_APPEND = b"INSERT INTO stored_events"
_PROTOCOL_3 = 3
_GULP = 65_536


class Cut(StrEnum):
    """When the connection is cut."""

    BEFORE = "before the statement reaches the server"
    UNANSWERED = "when the server has it, without waiting"
    COMMITTED = "when the server has answered that it is committed, the answer thrown away"


class CuttingProxy:
    """As a context manager, open inside. `cut_next` says how the next ones are cut."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        (self.port,) = free_ports(1)
        self._listening = socket.create_server((HOST, self.port))
        self._lock = Lock()
        self._cuts: list[Cut] = []
        self.made = 0

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def cut_next(self, *cuts: Cut) -> None:
        with self._lock:
            self._cuts = list(cuts)
            self.made = 0

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._server_port))
                wire = _Wire(self, client, server)
                for run in (wire.forth, wire.back):
                    Thread(target=run, daemon=True).start()

    def next_cut(self) -> Cut | None:
        with self._lock:
            self.made += bool(self._cuts)
            return self._cuts.pop(0) if self._cuts else None


class _Wire:
    """One connection, of which we understand which message stores events."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._appends: set[bytes] = set()
        self._cut: Cut | None = None

    def forth(self) -> None:
        """Hand the client's messages on, one at a time."""
        with contextlib.suppress(OSError, EOFError):
            for kind, message in _messages(self._client):
                body = message[5:]
                if kind == b"P" and _APPEND in body:
                    self._appends.add(body.partition(b"\0")[0])
                if kind == b"B" and body.split(b"\0")[1] in self._appends:
                    self._cut = self._proxy.next_cut()
                if self._cut is Cut.BEFORE:
                    break
                self._server.sendall(message)
                if kind == b"S" and self._cut is Cut.UNANSWERED:
                    break
        self._close()

    def back(self) -> None:
        """Hand the server's answers on, unless it is time to cut."""
        with contextlib.suppress(OSError):
            while answer := self._server.recv(_GULP):
                if self._cut is Cut.UNANSWERED or (self._cut and b"INSERT" in answer):
                    break
                if self._cut and b"SELECT" in answer:
                    break
                self._client.sendall(answer)
        self._close()

    def _close(self) -> None:
        for one in (self._client, self._server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _messages(client: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Return the messages of PostgreSQL's protocol, 3.0 and later; the first have no kind."""
    begun = False
    while True:
        kind = _exactly(client, 1) if begun else b""
        length = _exactly(client, 4)
        rest = _exactly(client, int.from_bytes(length, "big") - 4)
        begun = begun or int.from_bytes(rest[:2], "big") == _PROTOCOL_3
        yield kind, kind + length + rest


def _exactly(client: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = client.recv(count - len(got))
        if not more:
            raise EOFError
        got += more
    return got
