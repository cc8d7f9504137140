import asyncio
import threading
from datetime import timedelta
from typing import Any, cast

import pytest
from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials

from tests.http.site import NOON, Site
from tracker.adapters.http.auth.authentication import (
    ApiKeyAuth,
    ReceiptAuth,
    open_to_all,
    signed_in,
)
from tracker.adapters.http.dependencies import Keys
from tracker.adapters.http.desk.auth import DeskAuth, FormAuth
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.lifecycle import Step

DOORS = (ApiKeyAuth, ReceiptAuth, DeskAuth, FormAuth)

FROM_OUR_PAGE = {
    b"Sec-Fetch-Site": b"same-origin",
    b"Content-Type": b"application/x-www-form-urlencoded",
}
OPEN = {
    "/",
    "/assets/{name}",
    "/desk/sign-in",
    "/docs",
    "/figures",
    "/h",
    "/live",
    "/livez",
    "/metrics",
    "/openapi.json",
    "/readyz",
    "/stop/{code}/{token}",
    "/v1/log/checkpoint",
    "/v1/log/checkpoint/cosignatures",
    "/v1/log/proof/consistency",
    "/v1/log/proof/inclusion",
    "/v1/log/verifier",
    "/v1/lookup/{code}",
    "/v1/lookup/{code}/receipt-link",
}

WITH_A_RECEIPT = {
    "/h/{code}/{token}",
    "/h/{code}/{token}/live",
    "/h/{code}/{token}/rating",
    "/h/{code}/{token}/receipt",
    "/h/{code}/{token}/receipt.pdf",
}


def doors(dependant: Dependant) -> list[Any]:
    direct = [
        dependency.call
        for dependency in dependant.dependencies
        if dependency.call in {open_to_all, signed_in} or isinstance(dependency.call, DOORS)
    ]
    return direct + [door for dependency in dependant.dependencies for door in doors(dependency)]


def undeclared(app: FastAPI) -> list[str]:
    return [
        getattr(route, "path", repr(route))
        for route in app.routes
        if not (isinstance(route, APIRoute) and doors(route.dependant))
    ]


def app_of(site: Site) -> FastAPI:
    app = site.client.app
    assert isinstance(app, FastAPI)
    return app


def test_every_route_says_who_may_enter(site: Site) -> None:
    assert undeclared(app_of(site)) == []


def test_a_route_that_says_nothing_is_found(site: Site) -> None:
    @app_of(site).get("/planted")
    def planted() -> None: ...

    assert undeclared(app_of(site)) == ["/planted"]


def test_only_these_routes_are_open_to_all(site: Site) -> None:
    is_open = {
        route.path
        for route in app_of(site).routes
        if isinstance(route, APIRoute) and open_to_all in doors(route.dependant)
    }
    assert is_open == OPEN


def test_only_these_routes_accept_a_receipt(site: Site) -> None:
    for_owners = {
        route.path
        for route in app_of(site).routes
        if isinstance(route, APIRoute)
        and any(isinstance(door, ReceiptAuth) for door in doors(route.dependant))
    }
    assert for_owners == WITH_A_RECEIPT


def test_without_the_receipt_every_page_of_the_owner_answers_403(site: Site) -> None:
    code = site.received()
    for route in app_of(site).routes:
        assert isinstance(route, APIRoute)
        if route.path in WITH_A_RECEIPT:
            method = next(iter(route.methods or ()))
            address = route.path.replace("{code}", code).replace("{token}", "a" * 26)
            answer = site.client.request(method, address, headers={"Accept": "text/html"})
            assert answer.status_code == 403
            assert "Đường dẫn này không mở được hồ sơ" in answer.text


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer trk_",
        "Bearer trk_0123456789ab_planted-secret",
        "Bearer \u00e9\u00e8",
        "Bearer " + "x" * 4000,
    ],
)
def test_without_a_known_key_every_other_route_answers_401_before_anything_else(
    site: Site, shown: str | None
) -> None:
    headers = {} if shown is None else {b"Authorization": shown.encode("latin-1")}
    for route in app_of(site).routes:
        assert isinstance(route, APIRoute)
        if route.path in OPEN | WITH_A_RECEIPT:
            continue
        is_page = route.path.startswith("/desk")
        method = next(iter(route.methods or ()))
        address = route.path.replace("{code}", "%00").replace("{block_id}", "x" * 100)
        sent = headers | FROM_OUR_PAGE if is_page else headers
        answer = site.client.request(
            method, address, params={"after": "x", "as_of": "x"}, headers=sent, content=b"{"
        )
        assert answer.status_code == 401, route.path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        if is_page:
            assert "Đăng nhập" in answer.text
            assert "planted" not in answer.text
            continue
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/unknown-key"
        assert "planted" not in answer.text


def test_a_key_ends_a_second_after_it_is_revoked(site: Site) -> None:
    assert site.get("/v1/sla", "manager").status_code == 200
    site.installation.keys.revoke(site.keys["manager"].split("_")[1], NOON)
    site.now[0] += timedelta(seconds=1)
    assert site.get("/v1/sla", "manager").status_code == 401


def test_no_key_is_known_for_ever(site: Site) -> None:
    for _ in range(3):
        assert site.get("/v1/sla", "manager").status_code == 200
        site.now[0] += timedelta(milliseconds=500)
    site.installation.keys.revoke(site.keys["manager"].split("_")[1], NOON)
    site.now[0] += timedelta(seconds=6)  # a key is cached for five seconds at most
    assert site.get("/v1/sla", "manager").status_code == 401


class SlowKeys:
    """Accepts every key, but answers only when the test permits it."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked = 0

    def actor_of(self, key: str) -> Actor:
        self.asked += 1
        assert self.let.wait(60)
        return Actor(Role.MANAGER, key)


async def shows(door: ApiKeyAuth, key: str) -> str:
    request = Request({"type": "http", "method": "POST", "headers": [], "state": {}})
    return (await door(request, HTTPAuthorizationCredentials(scheme="", credentials=key))).id


def test_a_key_that_many_show_is_looked_up_once_and_serves_meanwhile() -> None:
    keys, now = SlowKeys(), [NOON]
    door = ApiKeyAuth(cast("Keys", keys), cast("Any", None), lambda: now[0])

    async def rush() -> None:
        many = [asyncio.create_task(shows(door, "key")) for _ in range(20)]
        await asyncio.sleep(0.05)
        keys.let.set()
        assert {await task for task in many} == {"key"}
        assert keys.asked == 1
        keys.let.clear()
        for seconds in (0.5, 1, 4.9):
            now[0] = NOON + timedelta(seconds=seconds)
            assert await shows(door, "key") == "key"
        now[0] = NOON + timedelta(seconds=5)
        assert door.known(b"key") is None
        keys.let.set()
        assert await shows(door, "key") == "key"
        assert keys.asked == 2
        now[0] += timedelta(seconds=1)
        assert door.known(b"key") is None, "nobody looks it up: it was not shown in good time"

    asyncio.run(rush())


def test_what_a_role_may_do_is_the_domains_to_say(site: Site) -> None:
    code = site.received()
    refused = [
        site.post("/v1/dossiers", "carrier", site.intake()),
        site.post("/v1/dossiers", "auditor", site.intake()),
        site.take(code, "desk", "decided", outcome="granted"),
        site.get(f"/v1/dossiers/{code}", "carrier"),
        site.get(f"/v1/dossiers/{code}", "manager"),
        site.get(f"/v1/dossiers/{code}", "agent"),
        site.get(f"/v1/dossiers/{code}/history", "agent"),
        site.get(f"/v1/dossiers/{code}/personal-data", "other desk", reason="curious"),
        site.get(f"/v1/dossiers/{code}/readers", "desk"),
        site.get("/v1/sla", "agent"),
        site.post("/v1/code-blocks", "manager", {"size": 1}),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert {answer.json()["type"] for answer in refused} == {"/problems/not-allowed"}


def test_an_auditor_reads_everything_and_writes_nothing(site: Site) -> None:
    code = site.received()
    written = [site.take(code, "auditor", step) for step in Step]
    written += [site.post("/v1/code-blocks", "auditor", {"size": 1})]
    assert {answer.status_code for answer in written} <= {403, 422}
    (event,) = site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert event["step"] == "received"
    for path in ("", "/deadline", "/readers", "/forms/01", "/forms/06"):
        assert site.get(f"/v1/dossiers/{code}{path}", "auditor").status_code == 200
    assert site.get("/v1/sla", "auditor").status_code == 200


def test_an_auditor_opens_personal_data_only_with_a_reason_which_is_kept(site: Site) -> None:
    code = site.received()
    path = f"/v1/dossiers/{code}/personal-data"
    assert [
        site.get(path, "auditor").status_code,
        site.get(path, "auditor", reason=" ").status_code,
        site.get(path, "auditor", reason="complaint 7").status_code,
    ] == [422, 422, 200]
    site.get(f"/v1/dossiers/{code}/forms/01", "auditor")
    looks = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert [(access["what"], access["reason"]) for access in looks] == [
        ("personal_data", "complaint 7"),
        ("dossier", "mẫu số 01"),
    ]


def test_a_form_printed_by_an_auditor_has_no_personal_data(site: Site) -> None:
    code = site.received(applicant={"name": "Nguyễn Thị Bí Mật", "phone": "0900 000 001"})
    receipt = site.get(f"/v1/dossiers/{code}/forms/01", "auditor")
    assert receipt.status_code == 200
    assert "Bí Mật" not in receipt.text
