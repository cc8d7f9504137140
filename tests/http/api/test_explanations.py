"""Explanations of figures as JSON, with the same content as the page."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from tests.http.site import NOON, Site, asking_explanation

THEN = (NOON + timedelta(days=1)).isoformat()
ASKED = {"then": THEN, "as_of": THEN}


@pytest.fixture
def code(site: Site) -> str:
    """One dossier was decided before `THEN` but recorded later. Two others did not change."""
    code, *_ = (site.received() for _ in range(3))
    decided = site.at()
    site.now[0] = NOON + timedelta(days=3)
    site.take(code, "decider", "decided", outcome="granted", occurred_at=decided)
    return code


def explained(site: Site, who: str | None = "auditor", **asked: str | int) -> Response:
    return site.get("/v1/sla/explanation", who, **(ASKED | asked))


def explanation_of(site: Site, **asked: str | int) -> dict[str, Any]:
    answer = explained(site, "auditor", **asked)
    assert answer.status_code == 200, answer.text
    explanation: dict[str, Any] = answer.json()
    return explanation


@pytest.mark.parametrize("who", ["auditor", "manager", "administrator"])
def test_an_explanation_names_the_dossiers_and_the_events(site: Site, code: str, who: str) -> None:
    explanation = explained(site, who, by="office").json()
    assert [explanation[when]["total"]["finished"] for when in ("then", "now")] == [0, 1]
    assert [explanation[when]["known_at"] for when in ("then", "now")] == [THEN, None]
    assert explanation["number"] == 1
    (change,) = explanation["changes"]
    assert (change["code"], change["group_now"]) == (code, "SO-TAICHINH")
    assert "finished" in change["gained"]
    (event,) = change["events"]
    assert (event["version"], event["step"]) == (2, "decided")
    assert event["by"] == "staff staff-decider SO-TAICHINH"
    looks = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert [(access["what"], access["role"]) for access in looks] == [("figures", who)]


def test_more_dossiers_than_are_listed_are_counted(site: Site, code: str) -> None:
    explanation = explanation_of(site, limit=0)
    assert (explanation["number"], explanation["changes"]) == (1, [])
    looks = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert looks == []


def test_nothing_differs_from_what_is_known_now(site: Site, code: str) -> None:
    del code
    assert explanation_of(site, then=site.at())["number"] == 0


@pytest.mark.parametrize("who", ["desk", "agent", "portal", "carrier", "kiosk"])
def test_no_other_role_gets_an_explanation(site: Site, who: str) -> None:
    assert explained(site, who).status_code == 403
    assert explained(site, None).status_code == 401


@pytest.mark.parametrize(
    ("asked", "at"),
    [
        ({"then": "yesterday"}, "/query/then"),
        ({"by": "weather"}, "/query/by"),
        ({"limit": 10_001}, "/query/limit"),
        ({"since": (NOON + timedelta(days=2)).isoformat()}, "/query/since"),
        ({"known_at": NOON.isoformat()}, "/query/known_at"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    site: Site, code: str, asked: dict[str, Any], at: str
) -> None:
    del code
    answer = explained(site, **asked)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#{at}"]
    assert explained(site, then=(NOON + timedelta(days=9)).isoformat()).status_code == 422


def test_one_answer_is_in_the_making_at_a_time(site: Site, code: str) -> None:
    del code
    refused: list[Response] = []

    def ask() -> None:
        if not refused:
            refused.append(explained(busy))

    with site.rebuilt(explain_figures=asking_explanation(site, ask)) as busy:
        assert explained(busy).status_code == 200
        assert refused[0].status_code == 503
        assert refused[0].json()["type"] == "/problems/busy"
        assert explained(busy).status_code == 200
