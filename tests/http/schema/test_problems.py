import asyncio
import json
from datetime import timedelta
from typing import NoReturn

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.types import Message

from tests.http.site import Site
from tracker.application.commands.handler import StoreUnavailableError

PLANTED = "Planted-Name-4711"
ALL_PROBLEMS = {"type", "title", "status", "detail"}


def raw(
    site: Site, content: bytes, media_type: str = "application/json", **headers: str
) -> Response:
    shown = site.shown("desk") | {"Content-Type": media_type} | headers
    return site.client.post("/v1/dossiers", content=content, headers=shown)


def is_a_problem(answer: Response, status: int, name: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() - ALL_PROBLEMS <= {"errors", "current_version"}
    assert problem["type"] == f"/problems/{name}"
    assert problem["status"] == status
    assert PLANTED not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a":' + PLANTED.encode() + b"}",
        b'{"event_id": "\xff"}',
        b'{"event_id": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000,
        b"\x00",
        "{}".encode("utf-16"),
    ],
)
def test_a_body_that_is_no_json_is_malformed(site: Site, content: bytes) -> None:
    is_a_problem(raw(site, content), 400, "malformed")
    assert site.head() == 0


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/x-ndjson"]
)
def test_a_body_of_another_type_is_not_read(site: Site, media_type: str) -> None:
    content = json.dumps(site.intake()).encode()
    is_a_problem(raw(site, content, media_type), 415, "unsupported-media-type")


def test_a_compressed_body_is_not_read(site: Site) -> None:
    answer = raw(site, b"x", **{"Content-Encoding": "gzip"})
    is_a_problem(answer, 415, "unsupported-media-type")


def test_json_may_name_its_character_set(site: Site) -> None:
    content = json.dumps(site.intake()).encode()
    assert raw(site, content, "Application/JSON; charset=utf-8").status_code == 201


def test_a_body_too_large_is_not_read(site: Site) -> None:
    limit = site.installation.settings.max_body_bytes
    is_a_problem(raw(site, b" " * (limit + 1)), 413, "too-large")
    is_a_problem(raw(site, b" " * limit), 400, "malformed")


def test_a_body_that_hides_its_size_is_not_read_further_than_allowed(site: Site) -> None:
    limit = site.installation.settings.max_body_bytes
    given: list[int] = []
    answered: list[Message] = []

    async def endless() -> Message:
        given.append(100_000)
        return {"type": "http.request", "body": b" " * 100_000, "more_body": True}

    async def answer(message: Message) -> None:
        answered.append(message)

    shown = site.shown("desk")["Authorization"].encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/dossiers",
        "query_string": b"",
        "headers": [
            (b"authorization", shown),
            (b"content-type", b"application/json"),
            (b"content-length", b"2"),
        ],
    }
    app = site.client.app
    assert isinstance(app, FastAPI)
    asyncio.run(app(scope, endless, answer))
    assert answered[0]["status"] == 413
    assert sum(given) <= limit + 100_000


INSTANTS: list[object] = [
    1_700_000_000,
    "1700000000",
    1.5,
    True,
    None,
    "",
    "yesterday",
    "2026-11-20",
    "2026-11-20T09:10:00",
    "2026-13-20T09:10:00Z",
    "2026-11-20T25:10:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "99999-12-31T23:59:59Z",
    "2026-11-20T09:10:00+99:00",
    f"2026-11-20T09:10:00Z{PLANTED}",
    [],
    {},
]


@pytest.mark.parametrize("moment", INSTANTS)
def test_what_is_no_moment_is_refused(site: Site, moment: object) -> None:
    answer = site.post("/v1/dossiers", "desk", site.intake(occurred_at=moment))
    is_a_problem(answer, 422, "invalid-input")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/occurred_at"]
    assert site.head() == 0


def test_a_moment_still_to_come_is_refused(site: Site) -> None:
    later = (site.now[0] + timedelta(minutes=6)).isoformat()
    answer = site.post("/v1/dossiers", "desk", site.intake(occurred_at=later))
    is_a_problem(answer, 422, "invalid-input")
    code = site.received()
    answer = site.take(
        code, "desk", "corrected", corrects=1, what="occurred_at", value="2199-01-01T00:00:00Z"
    )
    is_a_problem(answer, 422, "invalid-input")
    assert site.head() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", ""),
        ("event_id", "a b"),
        ("event_id", "é"),
        ("event_id", "x" * 101),
        ("event_id", 7),
        ("procedure", "\x00"),
        ("procedure", True),
        ("procedure", None),
        ("applicant", {"name": "\x00"}),
        ("applicant", {"name": " "}),
        ("applicant", {"name": "x" * 201}),
        ("applicant", {"name": "An", "phone": "12a"}),
        ("applicant", {"name": "An", "email": "a\x00@b"}),
        ("applicant", [PLANTED]),
        ("papers", {"0": PLANTED}),
        ("papers", [{"name": "x", "quantity": True}]),
        ("papers", [{"name": "x", "quantity": "1"}]),
        ("papers", [{"name": "x", "quantity": 1.0}]),
        ("papers", [{"name": "x", "quantity": 0}]),
        ("papers", [{"name": "x", "quantity": 10**40}]),
        ("papers", [{"name": "x"}] * 51),
        ("way_of_return", PLANTED),
        ("step", PLANTED),
        ("code", PLANTED),
        ("promised_at", 5),
        ("collaborator", PLANTED),
        (PLANTED, 1),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    site: Site, field: str, value: object
) -> None:
    answer = site.post("/v1/dossiers", "desk", site.intake(**{field: value}))
    assert answer.status_code == 422, answer.text
    assert PLANTED not in answer.text
    assert site.head() == 0


@pytest.mark.parametrize("number", ["1e400", "9" * 400, "9" * 5000, "-1", "true", "1.5", '"5"'])
def test_a_number_that_is_none_is_refused(site: Site, number: str) -> None:
    code = site.received()
    for name, step in (("score", "rated"), ("corrects", "corrected"), ("amount", "fee_paid")):
        content = json.dumps(site.step(step) | {name: "HERE"}).replace('"HERE"', number)
        headers = site.shown("desk") | {"Content-Type": "application/json"}
        answer = site.client.post(f"/v1/dossiers/{code}/events", content=content, headers=headers)
        assert answer.status_code in {400, 422}
    assert site.head() == 1


def test_errors_name_the_place_in_our_terms_and_hide_unknown_names(site: Site) -> None:
    intake = site.intake(papers=[{"name": "ok"}, {"name": "", PLANTED: 1}]) | {PLANTED: {}}
    del intake["procedure"]
    intake["applicant"] = {"nam": PLANTED}
    answer = site.post("/v1/dossiers", "desk", intake)
    is_a_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"] == [
        {"pointer": "#/procedure", "detail": "is missing"},
        {"pointer": "#/applicant/name", "detail": "is missing"},
        {"pointer": "#/applicant/*", "detail": "is not known here"},
        {"pointer": "#/papers/1/name", "detail": "must have at least 1 characters"},
        {"pointer": "#/papers/1/*", "detail": "is not known here"},
        {"pointer": "#/*", "detail": "is not known here"},
    ]


def test_errors_of_a_step_name_no_tag(site: Site) -> None:
    code = site.received()
    answer = site.take(code, "decider", "decided", outcome=PLANTED, decided=PLANTED)
    is_a_problem(answer, 422, "invalid-input")
    assert answer.json()["errors"] == [
        {"pointer": "#/outcome", "detail": "must be one of 'granted' or 'refused'"},
        {"pointer": "#/*", "detail": "is not known here"},
    ]
    answer = site.take(code, "decider", PLANTED)
    assert answer.json()["errors"][0]["pointer"] == "#/step"
    is_a_problem(answer, 422, "invalid-input")


@pytest.mark.parametrize("what", ["occurred_at", "way_of_return", "helped_at", "parcel_number"])
def test_a_correction_that_does_not_fit_is_not_repeated(site: Site, what: str) -> None:
    code = site.received()
    answer = site.take(code, "desk", "corrected", corrects=1, what=what, value=f"{PLANTED} \u1ea5")
    is_a_problem(answer, 422, "invalid-input")


def test_an_answer_has_at_most_twenty_errors(site: Site) -> None:
    answer = site.post("/v1/dossiers", "desk", {f"x{n}": n for n in range(1000)})
    assert len(answer.json()["errors"]) == 20


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/dossiers/{code}", {"as_of": PLANTED}),
        ("/v1/dossiers/{code}", {"as_of": "1700000000"}),
        ("/v1/dossiers/{code}", {"known_at": "0001-01-01T00:00:00+14:00"}),
        ("/v1/dossiers/{code}", {"known_at": "2199-01-01T00:00:00Z"}),
        ("/v1/dossiers/{code}/history", {"as_of": "2026-11-20T09:10:00"}),
        ("/v1/dossiers/{code}/deadline", {"lang": PLANTED}),
        ("/v1/dossiers/{code}/deadline", {"known_on": "20261120"}),
        ("/v1/dossiers/{code}/deadline", {"known_on": "1795132800"}),
        ("/v1/dossiers/{code}/personal-data", {}),
        ("/v1/dossiers/{code}/personal-data", {"reason": " "}),
        ("/v1/dossiers/{code}/personal-data", {"reason": "\x00" + PLANTED}),
        ("/v1/dossiers/{code}/readers", {"after": "-1"}),
        ("/v1/sla", {"by": PLANTED}),
        ("/v1/sla", {"as_of": "2026-11-20T09:10:00Z"}),
        ("/v1/sla", {"since": "2026-11-20T04:00:00Z", "as_of": "2026-11-20T03:00:00Z"}),
        ("/v1/sla", {"after": "1" * 30}),
        ("/v1/lookup/{code}", {"after": PLANTED}),
        ("/v1/lookup/{code}", {"after": "999"}),
        ("/v1/lookup/" + "x" * 101, {}),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(
    site: Site, path: str, params: dict[str, str]
) -> None:
    code = site.received()
    answer = site.get(path.format(code=code), "administrator", **params)
    is_a_problem(answer, 422, "invalid-input")


def test_a_plus_left_as_it_is_in_an_address_is_forgiven(site: Site) -> None:
    code = site.received()
    url = f"/v1/dossiers/{code}?as_of=2026-11-20T12:00:00+07:00"
    assert site.client.get(url, headers=site.shown("desk")).status_code == 200


def test_an_unknown_address_and_a_wrong_method_are_problems_too(site: Site) -> None:
    is_a_problem(site.get(f"/v2/{PLANTED}"), 404, "unknown-address")
    is_a_problem(site.get("/v1/dossiers/", "desk"), 404, "unknown-address")
    answer = site.client.delete("/v1/dossiers")
    is_a_problem(answer, 405, "wrong-method")
    assert answer.headers["Allow"] == "POST"


class Broken:
    """Raises an error at every call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        raise self._error


def test_an_unforeseen_error_answers_500_without_its_text(site: Site) -> None:
    with site.rebuilt(look_up=Broken(ValueError(PLANTED))) as broken:
        answer = broken.get("/v1/lookup/H26.01-261120-0001")
    is_a_problem(answer, 500, "internal")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_store_that_does_not_answer_is_503_and_says_when_to_come_back(site: Site) -> None:
    with site.rebuilt(reader=Broken(StoreUnavailableError())) as broken:
        answer = broken.get("/v1/dossiers/H26.01-261120-0001", "desk")
    is_a_problem(answer, 503, "store-unavailable")
    assert answer.headers["Retry-After"] == "1"
