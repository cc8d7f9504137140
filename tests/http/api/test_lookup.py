from datetime import timedelta

import pytest

from tests.http.site import NOON, Site

TIER_0 = {"code", "status", "promised_at", "on_time", "to_do", "phone", "freshness"}
PRIVATE = ("Planted Name", "0909 123 456", "Planted reason", "Planted street", "RR473124829VN")


def told_of_everything_private(site: Site) -> str:
    name, phone, reason, street, parcel = PRIVATE
    code = site.received(
        applicant={"name": name, "phone": phone, "address": street}, procedure="2.001263"
    )
    decider = "administrator"
    site.take(code, decider, "supplement_asked", reason=reason)
    site.take(code, decider, "resumed", reason=reason)
    site.take(code, decider, "decided", outcome="granted", reason=reason)
    site.take(code, decider, "handed_to_carrier", carrier="VNPOST", number=parcel)
    return code


def test_a_code_alone_reveals_exactly_tier_0(site: Site) -> None:
    code = told_of_everything_private(site)
    site.caught_up()
    answer = site.get(f"/v1/lookup/{code}")
    assert answer.status_code == 200
    assert answer.json().keys() == TIER_0
    page = site.get("/", code=code)
    for private in (*PRIVATE, "2.001263", "nuôi con nuôi", "adoption", "UBND-SOCSON", "staff-desk"):
        assert private.lower() not in answer.text.lower()
        assert private.lower() not in page.text.lower()


def test_a_look_up_shows_the_status_of_the_dossier(site: Site) -> None:
    code = site.received()
    site.caught_up()
    assert site.get(f"/v1/lookup/{code}").json() == {
        "code": code,
        "status": 2,
        "promised_at": "2026-11-30T17:00:00+07:00",
        "on_time": True,
        "to_do": False,
        "phone": "024 0000 0001",
        "freshness": {"position": 1, "behind": 0, "age_seconds": 0.0},
    }


def test_a_look_up_shows_that_there_is_something_to_do_but_not_what(site: Site) -> None:
    code = site.received()
    site.take(code, "decider", "fee_asked", amount=1000, reason="Planted reason")
    site.caught_up()
    answer = site.get(f"/v1/lookup/{code}")
    assert (answer.json()["status"], answer.json()["to_do"]) == (6, True)


def test_a_look_up_shows_that_the_promise_is_broken(site: Site) -> None:
    code = site.received()
    site.caught_up()
    site.now[0] = NOON + timedelta(days=30)
    assert site.get(f"/v1/lookup/{code}").json()["on_time"] is False


def test_the_phone_of_an_agent_point_is_that_of_its_branch(site: Site) -> None:
    code = site.received("agent")
    site.caught_up()
    assert site.get(f"/v1/lookup/{code}").json()["phone"] == "024 0000 0001"


def test_a_code_is_found_as_people_write_it(site: Site) -> None:
    code = site.received()
    site.caught_up()
    for written in (code.lower(), f" {code} ", code.replace("-", "\N{EN DASH}")):
        assert site.get(f"/v1/lookup/{written}").json()["code"] == code


@pytest.mark.parametrize(
    "code", ["H26.01-261120-0099", "nonsense", "%00", "%ff", "' OR 1=1 --", "x" * 100, "H26%2F1"]
)
def test_no_dossier_and_no_code_are_answered_alike(site: Site, code: str) -> None:
    answer = site.get(f"/v1/lookup/{code}")
    assert answer.status_code == 404
    assert "OR 1=1" not in answer.text
