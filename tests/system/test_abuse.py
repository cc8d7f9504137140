"""Clients without manners: the service ends them, serves the others, and keeps nothing of them.

All of it runs against `tracker serve` as a process. After each test no request is in progress, an
honest client is served within a second, and the memory is back.
"""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from loadtests.bench.harness.client import request
from tests.system.abuse import (
    ENDS_WITHIN_S,
    MEMORY_MB,
    PATIENCE_S,
    Victim,
    answer,
    answers,
    drip,
    drop,
    victim,
)

pytestmark = [pytest.mark.system]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with victim(tmp_path_factory.mktemp("abused") / "var") as victim_:
        for _ in range(3):  # what is loaded on first use counts for no attack
            victim_.serves_honest_clients()
            victim_.in_progress()
        yield victim_


@pytest.fixture
def service(served: Victim) -> Iterator[Victim]:
    served.is_calm()
    before = served.memory_mb()
    yield served
    served.is_calm()
    served.serves_honest_clients()
    grown = served.memory_mb() - before
    assert grown < MEMORY_MB, f"{grown:.0f} MB more"


def send_until_blocked(connection: socket.socket, sent: bytes) -> None:
    with suppress(TimeoutError, ConnectionError):
        while True:
            connection.sendall(sent)


def later(service: Victim, sent: bytes, place: str) -> socket.socket:
    """Send this as the first request of a connection, as a later one, or right behind another."""
    connection = service.connect()
    if place == "later":
        connection.sendall(service.look_up())
        assert answer(connection)[0] == 200
    if place == "pipelined":
        sent = service.look_up() + sent
    connection.sendall(sent)
    if place == "pipelined":
        assert answer(connection)[0] == 200
    return connection


PLACES = pytest.mark.parametrize("place", ["first", "later", "pipelined"])


@pytest.mark.parametrize("what", ["look-ups", "intakes", "of the framework"])
def test_3000_dropped_pipelines_leave_no_request_in_progress(service: Victim, what: str) -> None:
    paths = ("/openapi.json", "/v1/sla", "/", "/nowhere", f"/v1/lookup/{service.code}?by=framework")
    for _ in range(30):
        connections = [service.connect() for _ in range(100)]
        for number, connection in enumerate(connections):
            if what == "of the framework":
                connection.sendall(3 * request("GET", paths[number % len(paths)]))
            else:
                connection.sendall(5 * (service.intake if what == "intakes" else service.look_up)())
        for number, connection in enumerate(connections):
            (drop if number % 2 else socket.socket.close)(connection)
    service.is_calm()


@pytest.mark.parametrize("by", ["", "?by=framework"])
def test_a_half_closed_client_gets_its_answer(service: Victim, by: str) -> None:
    for sent, expected in (
        (service.look_up().replace(b" HTTP", by.encode() + b" HTTP", 1), 200),
        (service.intake().replace(b"/dossiers HTTP", b"/dossiers" + by.encode() + b" HTTP"), 201),
        (request("GET", "/openapi.json"), 200),
    ):
        with service.connect() as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            assert answers(connection) == [expected]


def test_a_half_closed_client_gets_the_answers_to_all_it_has_sent(service: Victim) -> None:
    with service.connect() as connection:
        connection.sendall(service.intake() + service.look_up() + service.intake())
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection) == [201, 200, 201]


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_half_closed_client_with_an_incomplete_request_is_not_waited_for(
    service: Victim, cut: int
) -> None:
    with service.connect() as connection:
        connection.sendall(service.look_up() + service.intake()[:cut])
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection) == [200]


@PLACES
def test_dripped_headers_end(service: Victim, place: str) -> None:
    with later(service, b"G", place) as connection:
        took = drip(connection, b"ET / HTTP/1.1\r\n" + b"A: b\r\n" * 100, seconds=ENDS_WITHIN_S)
        assert took < ENDS_WITHIN_S
        assert answers(connection) == [408]


@PLACES
@pytest.mark.parametrize(
    "how", ["small", "large", "chunked", "continue", "without a key", "look-up"]
)
def test_dripped_bodies_end(service: Victim, place: str, how: str) -> None:
    key = "" if how == "without a key" else f"Authorization: Bearer {service.key}\r\n"
    length = 100_000 if how == "large" else 500
    framing = f"Content-Length: {length}\r\n"
    if how == "chunked":
        framing = "Transfer-Encoding: chunked\r\n"
    if how == "continue":
        framing += "Expect: 100-continue\r\n"
    line = f"GET /v1/lookup/{service.code}" if how == "look-up" else "POST /v1/dossiers"
    json = "Content-Type: application/json\r\n"
    head = f"{line} HTTP/1.1\r\nHost: x\r\n{key}{json}{framing}\r\n".encode()
    with later(service, head, place) as connection:
        if how == "continue":
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100")
        took = drip(connection, b"1f4\r\n" + b" " * 495, seconds=ENDS_WITHIN_S)
        assert took < ENDS_WITHIN_S
        assert answers(connection) == [408]


@pytest.mark.parametrize("place", ["first", "pipelined"])
@pytest.mark.parametrize("how", ["intake", "look-up", "form", "form in chunks"])
def test_1600_missing_bodies_shut_nobody_out(service: Victim, place: str, how: str) -> None:
    if how == "intake":
        sent = service.intake()[:-1]
    elif how == "look-up":
        sent = service.look_up(Content_Length="10")
    else:
        framing = {"Transfer_Encoding": "chunked"} if "chunks" in how else {"Content_Length": "99"}
        form = "application/x-www-form-urlencoded"
        sent = request("POST", "/h", b"", Content_Type=form, **framing)
    if place == "pipelined":
        sent = service.look_up() + sent
    with service.connected(1_600) as connections:
        for connection in connections:
            connection.sendall(sent)
        service.serves_honest_clients()
        expected = [200, 408] if place == "pipelined" else [408]
        assert answers(connections[0]) == expected
        assert answers(connections[-1]) == expected


@PLACES
@pytest.mark.parametrize(
    "lines",
    [
        b"X: " + b"x" * 66_000 + b"\r\n\r\n",
        b"".join(b"X-%d: y\r\n" % number for number in range(100)) + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (number, b"y" * 900) for number in range(80)) + b"\r\n",
        b"X: " + b"x" * 8_000_000 + b"\r\n\r\n",
        b"X" * 8_000_000,
        b"a: b\r\n" * 1_000_000 + b"\r\n",
    ],
    ids=["one long", "too many", "too large together", "8 MB", "no end", "a million"],
)
def test_too_large_headers_are_refused(service: Victim, place: str, lines: bytes) -> None:
    with later(service, request("GET", "/livez")[:-2] + lines, place) as connection:
        status, problem = answer(connection)
        assert (status, problem["type"]) == (431, "/problems/headers-too-large")
        assert answers(connection) == []


def test_a_too_long_request_line_is_refused(service: Victim) -> None:
    with service.connect() as connection:
        connection.sendall(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answers(connection) == [431]


def test_100_headers_of_60_kb_are_accepted(service: Victim) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 580) for number in range(99))
    with service.connect() as connection:
        for _ in range(2):
            connection.sendall(request("GET", "/livez")[:-2] + lines + b"\r\n")
            assert answer(connection)[0] == 200


@pytest.mark.parametrize("by", ["", "?by=framework"])
@pytest.mark.parametrize("also", [True, False], ids=["the same", "another"])
@pytest.mark.parametrize(
    "name", ["Authorization", "Content-Type", "Content-Length", "Host", "If-Match", "Cookie"]
)
def test_doubled_headers_are_refused(service: Victim, name: str, by: str, *, also: bool) -> None:
    sent = service.intake(If_Match="*", Cookie="a=b")
    head, _, body = sent.replace(b"/dossiers HTTP", f"/dossiers{by} HTTP".encode()).partition(
        b"\r\n\r\n"
    )
    (line,) = (line for line in head.split(b"\r\n") if line.startswith(name.encode()))
    if not also:
        line = name.encode() + b": 1"
    for lines in ([head, line], [head.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)]):
        with service.connect() as connection:
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            status, problem = answer(connection)
            assert (status, problem["status"]) == (400, 400)


@pytest.mark.parametrize(
    "body",
    [
        b"1;" + b"x" * 100_000 + b"\r\n",
        b"1\r\na\r\n" * 100_000,
        b"0\r\nAuthorization: Bearer x\r\n\r\n",
        b"zz\r\n",
    ],
    ids=["a long extension", "tiny chunks", "a trailer", "no size"],
)
def test_abusive_chunks_are_refused(service: Victim, body: bytes) -> None:
    head = service.intake(Transfer_Encoding="chunked").partition(b"Content-Length")[0]
    with service.connect() as connection:
        connection.sendall(head + b"\r\n" + body)
        assert answers(connection) == [400]


def test_an_upgrade_is_ignored(service: Victim) -> None:
    with service.connect() as connection:
        sent = service.look_up(Connection="upgrade", Upgrade="websocket")
        for _ in range(2):
            connection.sendall(sent)
            assert answer(connection)[0] == 200


def test_idle_connections_end_and_shut_nobody_out(service: Victim) -> None:
    with service.connected(4_000) as connections:
        service.serves_honest_clients()
        began = time.monotonic()
        for connection in connections:
            assert connection.recv(1) == b""
        assert time.monotonic() - began < ENDS_WITHIN_S


def test_connections_that_are_kept_alive_end(service: Victim) -> None:
    with service.connected(500) as connections:
        for connection in connections:
            connection.sendall(service.look_up())
        for connection in connections:
            assert answers(connection) == [200]
        service.serves_honest_clients()


def test_without_a_free_file_the_service_survives(service: Victim) -> None:
    pid = service.service.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (60, before[1]))
    try:
        with service.connected(500):
            time.sleep(0.5)
            assert service.service.process.poll() is None
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_slow_readers_end_and_shut_nobody_out(service: Victim) -> None:
    before = service.open_files()
    with service.connected(100, window=2_048) as connections:
        for connection in connections:
            connection.sendall(100 * request("GET", "/openapi.json"))
        service.serves_honest_clients()
        end = time.monotonic() + PATIENCE_S
        while service.open_files() > before + len(connections) // 2:
            assert time.monotonic() < end, "they hold their connections"
            time.sleep(0.1)


def test_an_answer_that_is_read_slowly_is_sent_to_its_end(service: Victim) -> None:
    with service.connect(window=2_048) as connection:
        connection.sendall(request("GET", "/openapi.json", Connection="close"))
        heard = b""
        while part := connection.recv(20_000):
            heard += part
            time.sleep(0.2)  # slower than each limit of the service, but it reads
    assert heard.endswith(b"}")


def test_endless_pipelines_that_nobody_reads_take_no_memory(service: Victim) -> None:
    sent = service.look_up() * 3_000
    before = service.memory_mb()
    with service.connected(20, window=2_048) as connections:
        for connection in connections:
            connection.settimeout(0.2)
            send_until_blocked(connection, sent)
        assert service.memory_mb() - before < MEMORY_MB
        service.serves_honest_clients()
