from datetime import timedelta

import pytest

from tests.http.site import DECIDES, Site

KEYS = {"code", "version", "position", "status", "stage", "promised_at", "duplicate"}


def test_a_dossier_taken_in_is_answered_with_its_code_and_its_promise(site: Site) -> None:
    answer = site.post("/v1/dossiers", "desk", site.intake())
    assert answer.status_code == 201
    assert answer.json() == {
        "code": "H26.01-261120-0001",
        "version": 1,
        "position": 1,
        "status": 2,
        "stage": "received",
        "promised_at": "2026-11-30T17:00:00+07:00",
        "duplicate": False,
    }
    assert answer.headers["Location"] == "/v1/dossiers/H26.01-261120-0001"
    assert answer.headers["ETag"] == '"1"'


def test_where_it_is_located_it_can_be_read(site: Site) -> None:
    answer = site.post("/v1/dossiers", "desk", site.intake())
    shown = site.get(answer.headers["Location"], "desk")
    assert shown.status_code == 200
    assert shown.headers["ETag"] == answer.headers["ETag"]


def test_the_same_message_again_answers_200_and_what_was_first_answered(site: Site) -> None:
    intake = site.intake()
    first = site.post("/v1/dossiers", "desk", intake)
    site.take(first.json()["code"], "decider", "processing_started")
    again = site.post("/v1/dossiers", "desk", intake)
    assert again.status_code == 200
    assert again.json() == first.json() | {"duplicate": True}
    assert again.headers["ETag"] == first.headers["ETag"]
    assert site.head() == 2


def test_the_same_event_id_with_other_content_answers_409(site: Site) -> None:
    intake = site.intake()
    site.post("/v1/dossiers", "desk", intake)
    answer = site.post("/v1/dossiers", "desk", intake | {"way_of_return": "collect"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/event-id-reused"
    assert site.head() == 1


def test_two_senders_may_use_the_same_event_id(site: Site) -> None:
    intake = site.intake()
    assert site.post("/v1/dossiers", "desk", intake).status_code == 201
    assert site.post("/v1/dossiers", "other desk", intake).status_code == 201


def test_a_dossier_goes_its_whole_way_step_by_step(site: Site) -> None:
    code = site.received()
    way: list[tuple[str, str, dict[str, object], str, int]] = [
        ("decider", "processing_started", {}, "processing", 4),
        ("decider", "supplement_asked", {"reason": "papers"}, "waiting_for_papers", 5),
        ("desk", "supplement_received", {}, "processing", 4),
        ("decider", "decided", {"outcome": "granted"}, "decided", 9),
        ("desk", "handed_to_carrier", {"carrier": "VNPOST", "number": "RR1"}, "with_carrier", 9),
        ("carrier", "carrier_scanned", {"number": "RR1", "scan": "EMI"}, "returned", 10),
        ("portal", "rated", {"score": 5}, "returned", 10),
    ]
    for who, step, fields, stage, status in way:
        site.now[0] += timedelta(hours=1)
        answer = site.take(code, who, step, **fields)
        assert answer.status_code == 201, answer.text
        assert answer.json().keys() == KEYS
        assert (answer.json()["stage"], answer.json()["status"]) == (stage, status)
        assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'


def test_a_step_may_repeat_the_code_of_its_address_and_no_other(site: Site) -> None:
    code, other = site.received(), site.received()
    step = site.step("complained", text="slow", code=code.lower())
    assert site.post(f"/v1/dossiers/{code}/events", "desk", step).status_code == 201
    assert site.post(f"/v1/dossiers/{code}/events", "desk", step).status_code == 200
    step = site.step("complained", text="slow", code=other)
    answer = site.post(f"/v1/dossiers/{code}/events", "desk", step)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "#/code", "detail": "must be the code of the address"}
    ]


def test_a_dossier_handed_in_unseen_is_taken_in_at_its_own_address(site: Site) -> None:
    code = site.received("portal", step="submitted")
    intake = site.intake(step="received")
    answer = site.post(f"/v1/dossiers/{code}/events", "desk", intake, If_Match='"1"')
    assert answer.status_code == 201, answer.text
    assert (answer.json()["code"], answer.json()["version"]) == (code, 2)
    again = site.post("/v1/dossiers", "desk", intake | {"code": code})
    assert again.status_code == 200


def test_taking_in_with_an_old_version_answers_409(site: Site) -> None:
    code = site.received("portal", step="submitted")
    site.take(code, "desk", "complained", text="slow")
    intake = site.intake(step="received")
    answer = site.post(f"/v1/dossiers/{code}/events", "desk", intake, If_Match='"1"')
    assert answer.status_code == 409
    assert answer.json()["current_version"] == 2


@pytest.mark.parametrize("if_match", ['"1"', "*", None])
def test_a_step_on_the_version_believed_current_is_taken(site: Site, if_match: str | None) -> None:
    code = site.received()
    headers = {"If_Match": if_match} if if_match else {}
    answer = site.post(
        f"/v1/dossiers/{code}/events", "decider", site.step("processing_started"), **headers
    )
    assert answer.status_code == 201


def test_a_step_on_an_old_version_answers_409_with_the_current_one(site: Site) -> None:
    code = site.received()
    site.take(code, "decider", "processing_started")
    step = site.step("decided", outcome="granted")
    answer = site.post(f"/v1/dossiers/{code}/events", "decider", step, If_Match='"1"')
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/version-conflict"
    assert answer.json()["current_version"] == 2
    assert site.head() == 2


@pytest.mark.parametrize("if_match", ["1", '"x"', 'W/"1"', '"1", "2"', '"' + "9" * 30 + '"', ""])
def test_a_version_written_otherwise_is_refused(site: Site, if_match: str) -> None:
    code = site.received()
    step = site.step("processing_started")
    answer = site.post(f"/v1/dossiers/{code}/events", "decider", step, If_Match=if_match)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/header/if-match"


def test_a_step_that_cannot_follow_answers_409_with_the_current_version(site: Site) -> None:
    code = site.received()
    answer = site.take(code, "desk", "collected")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/step-not-allowed"
    assert answer.json()["current_version"] == 1


def test_a_step_on_a_dossier_there_is_not_answers_404(site: Site) -> None:
    for code in ("H26.01-261120-0099", "nonsense", "%00", "x" * 90):
        answer = site.take(code, "decider", "processing_started")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/unknown-dossier"


def test_a_code_that_is_taken_answers_409(site: Site) -> None:
    code = site.received()
    answer = site.post("/v1/dossiers", "portal", site.intake(code=code, received_at="CN01"))
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/code-taken"


def test_what_is_named_but_does_not_exist_answers_422_where_it_was_posted(site: Site) -> None:
    code = site.received()
    answers = [
        site.post("/v1/dossiers", "desk", site.intake(procedure="NOT-THERE")),
        site.post("/v1/dossiers", "portal", site.intake(received_at="NOT-THERE")),
        site.post("/v1/dossiers", "desk", site.intake(helped_at="NOT-THERE")),
        site.take(code, "decider", "forwarded", to_office="NOT-THERE"),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers)
    assert all("NOT-THERE" not in answer.text for answer in answers)
    assert site.head() == 1


def test_a_rule_of_the_service_that_forbids_it_answers_422_with_words_for_the_desk(
    site: Site,
) -> None:
    answer = site.post("/v1/dossiers", "agent", site.intake(procedure="2.001263"))
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/refused"
    assert "any branch or reception point can" in answer.json()["detail"]


def test_who_decides_is_on_the_dossier(site: Site) -> None:
    code = site.received()
    offices = site.get(f"/v1/dossiers/{code}", "desk").json()["offices"]
    assert offices == {"helped_at": "CN01", "received_at": "CN01", "decided_by": DECIDES}
