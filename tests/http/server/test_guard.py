"""Requests on one connection: in parts, pipelined, broken off, too many."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from http.client import HTTPResponse
from threading import Event
from typing import Any

import orjson
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loadtests.bench.harness.client import request
from tests.http.serving import Address, served
from tests.http.site import Site
from tracker.adapters.http.server import connections, middleware
from tracker.adapters.http.server.connections import ConnectionLimits
from tracker.adapters.http.server.middleware import Middleware


@pytest.fixture
def outermost(site: Site) -> Middleware:
    """Return the middleware of a site with the cached key of the desk, without its framework."""
    outermost: Middleware = site.client.app.outermost  # type: ignore[attr-defined]
    site.get("/v1/sla", "desk")

    async def unreachable(*_: object) -> None:
        raise AssertionError

    outermost._app = unreachable
    return outermost


@pytest.fixture
def address(site: Site, outermost: Middleware) -> Iterator[Address]:
    app: Any = site.client.app
    with served(app) as address:
        yield address
        until(lambda: outermost.in_progress == 0)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def slow_until(go_on: Event) -> ASGIApp:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(go_on.wait)
        await Response("{}")(scope, receive, send)

    return slow


def posted(site: Site, **changes: object) -> bytes:
    return request(
        "POST",
        "/v1/dossiers",
        orjson.dumps(site.intake(**changes)),
        Authorization=site.shown("desk")["Authorization"],
        Content_Type="application/json",
    )


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Read exactly one answer."""
    response = HTTPResponse(connection)
    response.begin()
    return response.status, orjson.loads(response.read())


def test_a_body_may_come_in_parts(site: Site, address: Address) -> None:
    sent = posted(site)
    with socket.create_connection(address) as connection:
        for part in (sent[:30], sent[30:-20], sent[-20:-1], sent[-1:]):
            connection.sendall(part)
            time.sleep(0.02)
        assert answer(connection)[0] == 201


def test_requests_sent_at_once_are_answered_in_their_order(site: Site, address: Address) -> None:
    sent = [posted(site), posted(site, applicant={}), posted(site)]
    with socket.create_connection(address) as connection, connection.makefile("rb") as answers:
        connection.sendall(b"".join(sent))
        statuses = []
        for _ in sent:
            head = b""
            while (line := answers.readline()).strip():
                head += line.lower()
            statuses.append(int(head[9:12]))
            length = int(head.split(b"content-length: ")[1].split(b"\r")[0])
            assert len(answers.read(length)) == length
    assert statuses == [201, 422, 201]


def test_who_goes_before_all_is_sent_is_forgotten(site: Site, address: Address) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site)[:-1])
        time.sleep(0.05)
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 201
    assert site.head() == 1


def test_who_goes_before_the_answer_has_it_stored(site: Site, address: Address) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
    until(lambda: site.head() == 1)


def test_a_body_that_does_not_come_is_answered_with_408(site: Site, outermost: Middleware) -> None:
    app: Any = site.client.app
    limits = ConnectionLimits(body_s=0.2)
    with served(app, limits) as address, socket.create_connection(address) as connection:
        for _ in range(2):  # the second is a later request of its connection
            connection.sendall(posted(site))
            assert answer(connection)[0] == 201
        connection.sendall(posted(site)[:-1])
        status, problem = answer(connection)
        assert connection.recv(1) == b""
    assert (status, problem["type"]) == (408, "/problems/too-slow")
    assert (site.head(), outermost.in_progress) == (2, 0)


def test_a_body_that_does_not_come_takes_no_place(
    site: Site, outermost: Middleware, address: Address
) -> None:
    outermost._most = 1
    waiting = [socket.create_connection(address) for _ in range(3)]
    sent = posted(site)
    for connection in waiting:
        connection.sendall(sent[:-1])
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 201
    for connection in waiting:
        connection.sendall(sent[-1:])
        assert answer(connection)[0] in {200, 201}
        connection.close()


def test_above_the_limit_of_requests_in_progress_the_answer_is_503(
    site: Site, outermost: Middleware, address: Address
) -> None:
    outermost._most = 2
    go_on = Event()

    outermost._app = slow_until(go_on)
    waiting = [socket.create_connection(address) for _ in range(2)]
    for connection in waiting:
        connection.sendall(request("GET", "/slow"))
    until(lambda: outermost.in_progress == 2)
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 503
    go_on.set()
    for connection in waiting:
        assert answer(connection)[0] == 200
        connection.close()


def test_a_refused_connection_is_read_again_after_the_announced_time(
    site: Site, outermost: Middleware, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "RETRY_AFTER_S", 0.5)
    outermost._most = 0
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 503
        told = time.monotonic()
        outermost._most = 1
        connection.sendall(posted(site))
        assert answer(connection)[0] == 201
        assert time.monotonic() - told > 0.4


def test_many_refused_behind_one_another_each_have_an_answer(
    site: Site, outermost: Middleware, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "RETRY_AFTER_S", 0.001)
    outermost._most = 0
    many = 400
    with socket.create_connection(address) as connection:
        connection.settimeout(60)
        connection.sendall(many * posted(site))
        heard = b""
        while heard.count(b"HTTP/1.1 ") < many:
            heard += connection.recv(1_000_000)
    assert heard.count(b"HTTP/1.1 503") == many


def test_the_oldest_idle_connection_makes_room_for_a_new_one(site: Site) -> None:
    app: Any = site.client.app
    with served(app, most=3) as address, ExitStack() as stack:
        connect = partial(socket.create_connection, address, timeout=60)
        oldest, *others = [stack.enter_context(connect()) for _ in range(3)]
        late = stack.enter_context(connect())
        assert oldest.recv(1) == b""
        for connection in (*others, late):
            connection.sendall(posted(site))
            assert answer(connection)[0] == 201


def test_a_request_in_progress_never_makes_room(site: Site, outermost: Middleware) -> None:
    go_on = Event()
    outermost._app = slow_until(go_on)
    app: Any = site.client.app
    with served(app, most=1) as address, socket.create_connection(address) as busy:
        busy.sendall(request("GET", "/slow"))
        until(lambda: outermost.in_progress == 1)
        with socket.create_connection(address) as other, suppress(ConnectionError):
            assert other.recv(1) == b""
        go_on.set()
        assert answer(busy)[0] == 200


def test_trailing_lines_of_an_old_client_are_ignored(site: Site, address: Address) -> None:
    with socket.create_connection(address) as connection:
        for _ in range(2):
            connection.sendall(b"\r\n\r\n" + posted(site))
            assert answer(connection)[0] == 201


def test_clients_together_may_not_make_the_guard_hold_too_much(
    site: Site, outermost: Middleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_MOST_HELD", 100_000)
    app: Any = site.client.app
    sent = request("POST", "/v1/dossiers", b" " * 60_000)
    with served(app) as address, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(socket.create_connection(address)).sendall(sent[:50_000])
        with socket.create_connection(address) as connection:
            connection.sendall(sent[:50_000])
            assert answer(connection)[0] == 503
        with socket.create_connection(address) as connection:
            connection.sendall(posted(site))
            assert answer(connection)[0] == 201


@pytest.mark.parametrize("error", [RuntimeError, OSError, asyncio.CancelledError])
def test_whatever_happens_a_request_is_counted_down(site: Site, error: type[BaseException]) -> None:
    outermost: Middleware = site.client.app.outermost  # type: ignore[attr-defined]
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/v1/lookup/{site.received()}",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        raise error

    async def run() -> None:
        with pytest.raises(error):
            await outermost(scope, receive, send)

    asyncio.run(run())
    assert outermost.in_progress == 0
