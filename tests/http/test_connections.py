"""The short way on a connection: in parts, one after the other, broken off, too many."""

import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import orjson
import pytest

from loadtests.bench.client import request
from tests.http.serving import Address, served
from tests.http.site import Site
from tracker.adapters.http import connections
from tracker.adapters.http.edge import Edge


@pytest.fixture
def edge(site: Site) -> Edge:
    """The edge of a site at which the desk's key is known, whose framework answers nobody."""
    edge: Edge = site.client.app.edge  # type: ignore[attr-defined]
    site.get("/v1/sla", "desk")

    async def nobody_comes_by(*_: object) -> None:
        raise AssertionError

    edge._app = nobody_comes_by
    return edge


@pytest.fixture
def address(site: Site, edge: Edge) -> Iterator[Address]:
    app: Any = site.client.app
    with served(app) as address:
        yield address
        until(lambda: edge._inside == 0)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def posted(site: Site, **changes: object) -> bytes:
    return request(
        "POST",
        "/v1/dossiers",
        orjson.dumps(site.intake(**changes)),
        Authorization=site.shown("desk")["Authorization"],
        Content_Type="application/json",
    )


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Read one answer and no more."""
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


def test_a_body_that_does_not_come_is_not_waited_for(
    site: Site, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WITHIN_S", 0.05)
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site)[:-1])
        status, problem = answer(connection)
    assert (status, problem["type"]) == (408, "/problems/too-slow")
    assert site.head() == 0


def test_past_so_many_under_way_whoever_comes_is_told_at_once(
    site: Site, edge: Edge, address: Address
) -> None:
    edge._most = 2
    sent = posted(site)
    waiting = [socket.create_connection(address) for _ in range(2)]
    for connection in waiting:
        connection.sendall(sent[:-1])
    until(lambda: edge._inside == 2)
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 503
    for connection in waiting:
        connection.sendall(sent[-1:])
        assert answer(connection)[0] in {200, 201}
        connection.close()


def test_who_was_refused_is_heard_again_when_it_was_told_to_come(
    site: Site, edge: Edge, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RETRY_AFTER_S", 0.5)
    edge._most = 0
    with socket.create_connection(address) as connection:
        connection.sendall(posted(site))
        assert answer(connection)[0] == 503
        told = time.monotonic()
        edge._most = 1
        connection.sendall(posted(site))
        assert answer(connection)[0] == 201
        assert time.monotonic() - told > 0.4


def test_many_refused_behind_one_another_each_have_an_answer(
    site: Site, edge: Edge, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RETRY_AFTER_S", 0.05)
    edge._most = 1
    many = 400
    with socket.create_connection(address) as connection:
        connection.settimeout(60)
        connection.sendall(posted(site) + many * posted(site, papers=[]))
        heard = b""
        while heard.count(b"HTTP/1.1 ") <= many:
            heard += connection.recv(1_000_000)
    assert heard.count(b"HTTP/1.1 201") >= 1
    assert heard.count(b"HTTP/1.1 503") >= many // 2
