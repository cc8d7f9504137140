"""The fast path and the framework give the same answers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from httpx2 import Client, Response

from tests.http.serving import served
from tests.http.site import Site

FRAMEWORK = "?by=framework"
"""The framework serves every request with a parameter, even an unknown one."""

Ask = Callable[[Site, str], Response]


@pytest.fixture
def behind_a_server(site: Site) -> Iterator[Site]:
    """Return the address of the site on a socket."""
    with (
        served(cast("Any", site.client.app)) as (host, port),
        Client(base_url=f"http://{host}:{port}") as client,
    ):
        yield replace(site, client=cast("TestClient", client))


def intake(**changes: object) -> Ask:
    def ask(site: Site, query: str) -> Response:
        body = site.intake(event_id="same" + query.strip("?="), **changes)
        return site.post("/v1/dossiers" + query, "desk", body)

    return ask


def again(**changes: object) -> Ask:
    def ask(site: Site, query: str) -> Response:
        body = site.intake(event_id="first")
        site.post("/v1/dossiers", "desk", body)
        return site.post("/v1/dossiers" + query, "desk", body | changes)

    return ask


def raw(content: bytes, **headers: str) -> Ask:
    def ask(site: Site, query: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {"Content-Type": "application/json"} | site.shown("desk") | named
        return site.client.post("/v1/dossiers" + query, content=content, headers=shown)

    return ask


def doubled(name: str, value: str = "") -> Ask:
    """Send a header twice; `value` is the value of the second one."""

    def ask(site: Site, by: str) -> Response:
        shown = {"Content-Type": "application/json", "If-Match": "*"} | site.shown("desk")
        headers = [*shown.items(), (name, value or shown[name])]
        return site.client.post("/v1/dossiers" + by, content=b"{}", headers=headers)

    return ask


def at(path: str) -> Ask:
    return lambda site, by: site.client.get(path.format(code=site.received()) + by)


def step(step: str, who: str = "decider", code: str = "", **changes: object) -> Ask:
    def ask(site: Site, query: str) -> Response:
        used_code = code or site.received()
        return site.post(f"/v1/dossiers/{used_code}/events{query}", who, site.step(step, **changes))

    return ask


def look_up(code: str = "") -> Ask:
    def ask(site: Site, query: str) -> Response:
        used_code = code or site.received()
        site.caught_up()
        return site.client.get(f"/v1/lookup/{used_code}{query}")

    return ask


UNKNOWN = "H26.01-261120-9999"
ASKED: dict[str, tuple[Ask, int]] = {
    "an intake": (intake(), 201),
    "one handed in unseen": (intake(step="submitted"), 201),
    "one with a procedure nobody knows": (intake(procedure="9.999999"), 422),
    "one with a fault": (intake(applicant={"name": ""}), 422),
    "one with a field nobody knows": (intake(colour="red"), 422),
    "one for another place": (intake(received_at="CN02"), 403),
    "one sent again": (again(), 200),
    "one sent again with other content": (again(procedure="1.000894"), 409),
    "no JSON": (raw(b"{"), 400),
    "not UTF-8": (raw(b'{"event_id":"\xff"}'), 400),
    "another type of body": (raw(b"{}", Content_Type="text/plain"), 415),
    "a compressed body": (raw(b"{}", Content_Encoding="gzip"), 415),
    "too large a body": (raw(b" " * 5_000_001), 413),
    "an unknown key": (raw(b"{}", Authorization="Bearer trk_0_0"), 401),
    "no key": (raw(b"{}", Authorization=""), 401),
    "a type of body with a charset": (raw(b"{}", Content_Type="application/json; charset=x"), 422),
    "a type of body in capitals": (raw(b"{}", Content_Type="APPLICATION/JSON"), 422),
    "an empty body": (raw(b""), 400),
    "a body of blanks": (raw(b" "), 400),
    "a scheme in small letters": (raw(b"{}", Authorization="bearer x"), 401),
    "a key with a blank before it": (raw(b"{}", Authorization="Bearer  x"), 401),
    "two keys": (doubled("Authorization", "Bearer trk_0_0"), 400),
    "the same key twice": (doubled("Authorization"), 400),
    "two types of body": (doubled("Content-Type", "text/plain"), 400),
    "the same type twice": (doubled("Content-Type"), 400),
    "two versions": (doubled("If-Match"), 400),
    "a step": (step("processing_started"), 201),
    "a step by who may not": (step("processing_started", who="desk"), 403),
    "a step that cannot follow": (step("delivered"), 409),
    "a step on no dossier": (step("processing_started", code=UNKNOWN), 404),
    "a step with another code in its body": (step("complained", "desk", text="x"), 201),
    "a step nobody knows": (step("danced"), 422),
    "a look-up": (look_up(), 200),
    "a look-up in small letters": (look_up("h26.01-261120-0001"), 404),
    "a look-up with a slash behind it": (at("/v1/lookup/{code}/"), 404),
    "a look-up of an encoded blank": (at("/v1/lookup/%20{code}"), 404),
    "a look-up of an encoded slash": (at("/v1/lookup/{code}%2F"), 404),
    "a look-up of an encoded line end": (at("/v1/lookup/{code}%0A"), 404),
    "a look-up of half a code": (at("/v1/lookup/H26"), 404),
    "a look-up of a long code": (at("/v1/lookup/" + "A" * 61), 404),
    "a look-up of too long a code": (at("/v1/lookup/" + "A" * 101), 422),
    "a look-up of nothing": (look_up(UNKNOWN), 404),
}


def told(answer: Response) -> dict[str, Any]:
    """Return an answer without the parts that differ between dossiers."""
    body = answer.json()
    for changing in ("code", "position", "freshness"):
        if isinstance(body, dict) and changing in body:
            body[changing] = type(body[changing]).__name__
    headers = [
        (name, "" if name in {b"location", b"content-length", b"date"} else value)
        for name, value in answer.headers.raw
    ]
    return {"status": answer.status_code, "headers": headers, "body": body}


@pytest.mark.parametrize("name", ASKED)
def test_both_paths_give_the_same_answer(behind_a_server: Site, name: str) -> None:
    site = behind_a_server
    ask, status = ASKED[name]
    site.get("/v1/sla", "desk")  # now the key is cached
    site.get("/v1/sla", "decider")
    short, long = ask(site, ""), ask(site, FRAMEWORK)
    assert short.status_code == status
    assert told(short) == told(long)
    assert list(short.json()) == list(long.json())


def test_the_common_form_is_served_on_the_fast_path(
    behind_a_server: Site, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this, the test above could compare the framework with itself."""
    code = site.received()
    site.caught_up()
    for who in ("desk", "decider"):
        site.get("/v1/sla", who)

    async def nobody_comes_by(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(site.client.app.outermost, "_app", nobody_comes_by)  # type: ignore[attr-defined]
    for ask, status in (
        (look_up(code), 200),
        (look_up(UNKNOWN), 404),
        (intake(), 201),
        (step("processing_started", code=code), 201),
        (step("delivered", code=code), 409),
    ):
        assert ask(behind_a_server, "").status_code == status
        assert ask(behind_a_server, FRAMEWORK).status_code == 500


def test_an_intake_is_answered_as_it_is_documented(site: Site) -> None:
    site.get("/v1/sla", "desk")
    answer = site.post("/v1/dossiers", "desk", site.intake()).json()
    assert answer == {
        "code": "H26.01-261120-0001",
        "version": 1,
        "position": 1,
        "status": 2,
        "stage": "received",
        "promised_at": "2026-11-30T17:00:00+07:00",
        "duplicate": False,
    }
