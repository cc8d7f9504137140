"""A service as a real process, an honest client, and clients that abuse it."""

import json
import re
import resource
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from loadtests.bench.harness.client import request
from tests.serving import ROOT, Service, environment, tracker

PATIENCE_S = 60
LIMIT_S = 1.0
"""Each time limit of the service under test."""
ENDS_WITHIN_S = 8.0
"""Within this time the service ends what has passed a limit of one second."""
HONEST_WITHIN_S = 1.0
_TRIES = 5
MEMORY_MB = 60
"""The memory may be so much larger after an attack: the allocator keeps some."""

_ALL_PLACES = 1_500
RETRY_AFTER_S = 1
_IN_PROGRESS = re.compile(r"^tracker_http_requests_in_progress (\S+)$", re.MULTILINE)
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
_NUMBERS = count()
_GONE_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Victim:
    """The service that is attacked."""

    service: Service
    key: str
    code: str

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.service.address.removeprefix("http://").partition(":")
        return host, int(port)

    def connect(self, *, window: int = 0) -> socket.socket:
        """Open a connection; `window` is the size of its receive buffer."""
        connection = socket.socket()
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.settimeout(PATIENCE_S)
        connection.connect(self.address)
        return connection

    @contextmanager
    def connected(self, how_many: int, *, window: int = 0) -> Iterator[list[socket.socket]]:
        """Open many connections."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect(window=window)) for _ in range(how_many)]

    def look_up(self, **headers: str) -> bytes:
        return request("GET", f"/v1/lookup/{self.code}", b"", **headers)

    def intake(self, **headers: str) -> bytes:
        """Return an intake with its headers."""
        shown: Any = {"Authorization": f"Bearer {self.key}", "Content_Type": "application/json"}
        return request("POST", "/v1/dossiers", self.body(), **shown, **headers)

    def body(self) -> bytes:
        message = {
            "event_id": f"abuse-{next(_NUMBERS)}",
            "occurred_at": datetime.now(UTC).isoformat(),
            "procedure": "2.001610",
            "applicant": {"name": "An"},
        }
        return json.dumps(message).encode()

    def in_progress(self) -> int:
        status, text = self.service.get("/metrics")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:  # the places are still taken
            return _ALL_PLACES
        found = _IN_PROGRESS.search(text)
        assert found, "the service does not count its requests in progress"
        return int(float(found[1]))

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.service.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def open_files(self) -> int:
        return len([*Path(f"/proc/{self.service.process.pid}/fd").iterdir()])

    def serves_honest_clients(self) -> None:
        """Require that a look-up and an intake are answered, each within a second.

        The machine may be busy with the attack itself, so the best of some tries counts.
        """
        for send, expected in ((self.look_up, 200), (self.intake, 201)):
            took: list[float] = []
            while not took or (took[-1] > HONEST_WITHIN_S and len(took) < _TRIES):
                began = time.monotonic()
                with self.connect() as connection:
                    connection.sendall(send())
                    status = answer(connection)[0]
                if status == HTTPStatus.SERVICE_UNAVAILABLE and len(took) < _TRIES:
                    took.append(inf)  # a slow machine still works on what it accepted
                    time.sleep(RETRY_AFTER_S)
                    continue
                assert status == expected
                took.append(time.monotonic() - began)
            assert took[-1] < HONEST_WITHIN_S, took

    def is_calm(self) -> None:
        """Require that no request is in progress, after a moment."""
        end = time.monotonic() + ENDS_WITHIN_S
        while (count := self.in_progress()) and time.monotonic() < end:
            time.sleep(0.05)
        assert count == 0


@contextmanager
def victim(data_dir: Path, **settings: str) -> Iterator[Victim]:
    """Serve with short time limits."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    limits = {f"TRACKER_LOOKUPS_{of}": "0" for of in ("PER_CODE", "PER_NETWORK", "OVERALL")}
    limits |= {
        f"TRACKER_HTTP_{of}_SECONDS": str(LIMIT_S) for of in ("HEADER", "BODY", "IDLE", "WRITE")
    }
    words = ("--role", "staff", "--actor", "c-1", "--office", "CN05")
    key = tracker(data_dir, "keys", "make", *words).stdout.strip()
    with _serving(data_dir, limits | settings) as service:
        first = Victim(service, key, "")
        service.get("/livez")
        with first.connect() as connection:
            connection.sendall(first.intake())
            status, stored = answer(connection)
            assert status == 201
        service.wait_until_read()
        yield Victim(service, key, stored["code"])


@contextmanager
def _serving(data_dir: Path, settings: dict[str, str]) -> Iterator[Service]:
    """Serve, and write the log to a file, because no test reads a pipe during the attack."""
    with (
        (data_dir / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tracker", "serve", "--port", "0"],
            cwd=ROOT,
            env=environment(data_dir, **settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout
            yield Service(process, process.stdout.readline().split()[-1])
        finally:
            process.kill()


def answer(connection: socket.socket) -> tuple[int, Any]:
    """Read one answer and no byte of the next."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        assert part, f"the service closed the connection after {head!r}"
        head += part
    length = _LENGTH.search(head)
    missing, body = int(length[1]) if length else 0, b""
    while len(body) < missing:
        body += connection.recv(missing - len(body))
    return int(head[9:12]), json.loads(body) if body[:1] in {b"{", b"["} else body


def answers(connection: socket.socket) -> list[int]:
    """Read until the service closes the connection; return the statuses of the answers."""
    heard = b""
    try:
        while part := connection.recv(1_000_000):
            heard += part
    except ConnectionResetError:
        heard += b""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", heard)]


def drop(connection: socket.socket) -> None:
    """Close a connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _GONE_AT_ONCE)
    connection.close()


def drip(connection: socket.socket, data: bytes, *, seconds: float) -> float:
    """Send byte by byte until the service closes; return how long it took."""
    began = time.monotonic()
    connection.settimeout(0.05)
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
            if connection.recv(1, socket.MSG_PEEK) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
        else:
            break
        finally:
            if time.monotonic() - began > seconds:
                break  # noqa: B012
    connection.settimeout(PATIENCE_S)
    return time.monotonic() - began
