"""A proxy between the service and PostgreSQL that cuts the connection when events are stored."""

import contextlib
import socket
from collections.abc import Iterator
from enum import StrEnum
from threading import Lock, Thread
from typing import Self

from ops.local_servers.ports import HOST, free_ports

_APPEND = b"INSERT INTO stored_events"
_PROTOCOL_3 = 3
_READ_BYTES = 65_536


class Cut(StrEnum):
    """The moment at which the connection is cut."""

    BEFORE = "before the statement reaches the server"
    UNANSWERED = "when the server has the statement, without waiting"
    COMMITTED = "when the server has confirmed the commit, and the answer is dropped"


class CuttingProxy:
    """Accepts connections inside its context. `cut_next` sets the cuts of the next statements."""

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
    """One connection. It recognises the protocol messages that store events."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._appends: set[bytes] = set()
        self._cut: Cut | None = None

    def forth(self) -> None:
        """Forward the client's messages one at a time."""
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
        """Forward the server's answers until the connection is cut."""
        with contextlib.suppress(OSError):
            while answer := self._server.recv(_READ_BYTES):
                if self._cut is Cut.UNANSWERED or (self._cut and b"INSERT" in answer):
                    break
                if self._cut and b"SELECT" in answer:
                    break
                self._client.sendall(answer)
        self._close()

    def _close(self) -> None:
        for connection in (self._client, self._server):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def _messages(client: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and bytes of the messages of PostgreSQL's protocol 3.0 or later.

    The first messages have no type byte.
    """
    begun = False
    while True:
        kind = _read_exactly(client, 1) if begun else b""
        length = _read_exactly(client, 4)
        rest = _read_exactly(client, int.from_bytes(length, "big") - 4)
        begun = begun or int.from_bytes(rest[:2], "big") == _PROTOCOL_3
        yield kind, kind + length + rest


def _read_exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
