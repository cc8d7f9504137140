from datetime import timedelta

from tests.http.site import NOON, Site

NAME, REASON = "Planted Name", "Planted reason"


def with_a_history(site: Site) -> str:
    code = site.received(applicant={"name": NAME, "phone": "0909 123 456"})
    site.now[0] = NOON + timedelta(hours=1)
    site.take(code, "decider", "supplement_asked", reason=REASON, basis="ND 118")
    site.now[0] = NOON + timedelta(hours=2)
    site.take(code, "desk", "supplement_received")
    return code


def test_a_dossier_is_shown_with_its_current_state(site: Site) -> None:
    code = with_a_history(site)
    answer = site.get(f"/v1/dossiers/{code.lower()}", "desk")
    assert answer.headers["ETag"] == '"3"'
    shown = answer.json()
    assert (shown["code"], shown["version"], shown["stage"]) == (code, 3, "received")
    assert shown["received_at"] == "2026-11-20T12:00:00+07:00"
    assert shown["promises"][0]["due_at"] == "2026-11-30T17:00:00+07:00"
    assert shown["freshness"] == {"position": 3, "behind": 0, "age_seconds": 0.0}
    assert NAME not in answer.text
    assert REASON not in answer.text


def test_a_dossier_is_shown_as_it_stood(site: Site) -> None:
    code = with_a_history(site)
    then = (NOON + timedelta(minutes=90)).isoformat()
    for axis in ("as_of", "known_at"):
        answer = site.get(f"/v1/dossiers/{code}", "desk", **{axis: then})
        assert answer.json()["stage"] == "waiting_for_papers"
        assert answer.json()["paused_since"] == "2026-11-20T13:00:00+07:00"
        assert answer.headers["ETag"] == '"2"'


def test_before_it_began_there_was_no_dossier(site: Site) -> None:
    code = with_a_history(site)
    then = (NOON - timedelta(minutes=1)).isoformat()
    assert site.get(f"/v1/dossiers/{code}", "desk", as_of=then).status_code == 404
    answer = site.get(f"/v1/dossiers/{code}/history", "desk", as_of=then)
    assert answer.json()["events"] == []
    assert "ETag" not in answer.headers


def test_its_history_shows_all_but_what_is_personal(site: Site) -> None:
    code = with_a_history(site)
    answer = site.get(f"/v1/dossiers/{code}/history", "auditor")
    assert answer.headers["ETag"] == '"3"'
    asked = answer.json()["events"][1]
    assert asked | {"event_id": ""} == {
        "version": 2,
        "step": "supplement_asked",
        "occurred_at": "2026-11-20T13:00:00+07:00",
        "recorded_at": "2026-11-20T13:00:00+07:00",
        "by": {"role": "staff", "id": "staff-decider", "office": "SO-TAICHINH", "partner": ""},
        "event_id": "",
        "details": {"papers": [], "basis": "ND 118", "papers_due_at": None},
        "sealed": ["reason"],
    }
    assert answer.json()["events"][0]["sealed"] == ["applicant"]
    assert NAME not in answer.text
    assert REASON not in answer.text


def test_its_history_is_cut_on_both_axes(site: Site) -> None:
    code = site.received()
    early = site.at()
    site.now[0] = NOON + timedelta(hours=2)
    site.take(code, "decider", "processing_started", occurred_at=early)
    cuts = {"as_of": 2, "known_at": 1}
    for axis, count in cuts.items():
        then = (NOON + timedelta(hours=1)).isoformat()
        answer = site.get(f"/v1/dossiers/{code}/history", "desk", **{axis: then})
        assert len(answer.json()["events"]) == count


def test_personal_data_is_opened_for_an_office_of_the_dossier(site: Site) -> None:
    code = with_a_history(site)
    answer = site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="call the applicant")
    assert answer.json()["entries"] == [
        {
            "version": 1,
            "field": "applicant",
            "text": None,
            "applicant": {"name": NAME, "phone": "0909 123 456"},
        },
        {"version": 2, "field": "reason", "text": REASON, "applicant": None},
    ]


def test_nothing_personal_is_left_once_it_is_erased(site: Site) -> None:
    code = with_a_history(site)
    administrator = site.installation.keys.actor_of(site.keys["administrator"])
    site.installation.tracker.erase_personal_data(
        administrator, code, event_id="erase-1", basis="asked"
    )
    answer = site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="call")
    assert answer.json()["entries"] == []
    assert site.get(f"/v1/dossiers/{code}", "desk").json()["personal_data_erased"] is True


def test_every_look_is_recorded_with_its_reason(site: Site) -> None:
    code = with_a_history(site)
    site.get(f"/v1/dossiers/{code}", "agent")
    site.get(f"/v1/dossiers/{code}", "desk")
    site.get(f"/v1/dossiers/{code}/history", "auditor")
    site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="call the applicant")
    site.get(f"/v1/dossiers/{code}/deadline", "other desk")
    readers = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    assert [(access["what"], access["actor"], access["reason"]) for access in readers] == [
        ("dossier", "staff-desk", ""),
        ("history", "auditor-1", ""),
        ("personal_data", "staff-desk", "call the applicant"),
        ("dossier", "staff-other", ""),
    ]


def test_a_dossier_there_is_not_answers_404(site: Site) -> None:
    for path in ("", "/history", "/personal-data?reason=x", "/readers", "/deadline"):
        answer = site.client.get(
            f"/v1/dossiers/H26.01-261120-0099{path}", headers=site.shown("administrator")
        )
        assert answer.status_code == 404


def test_the_deadline_is_explained_in_both_languages(site: Site) -> None:
    code = site.received()
    english = site.get(f"/v1/dossiers/{code}/deadline", "desk", lang="en").json()
    assert english["reckoned_due_at"] == "2026-11-30T17:00:00+07:00"
    assert [step["kind"] for step in english["steps"]][0::2][:2] == ["received", "days_off"]
    assert english["steps"][-1] == {"kind": "due", "at": "2026-11-30T17:00:00+07:00"}
    assert "5 working days" in english["sentence"]
    vietnamese = site.get(f"/v1/dossiers/{code}/deadline", "desk").json()
    assert vietnamese["lang"] == "vi"
    assert "ngày làm việc" in vietnamese["sentence"]
    assert vietnamese["steps"] == english["steps"]


def test_the_deadline_is_explained_with_the_calendar_as_it_was_known(site: Site) -> None:
    code = site.received(occurred_at="2025-12-31T03:00:00+00:00", procedure="1.010833")
    due = {
        known_on: site.get(f"/v1/dossiers/{code}/deadline", "desk", known_on=known_on).json()
        for known_on in ("2025-12-24", "2025-12-25")
    }
    assert due["2025-12-24"]["reckoned_due_at"] == "2026-01-05T17:00:00+07:00"
    assert due["2025-12-25"]["reckoned_due_at"] == "2026-01-06T17:00:00+07:00"
    assert due["2025-12-24"]["calendar"] != due["2025-12-25"]["calendar"]


def test_the_ledger_has_the_extended_promise_and_the_first(site: Site) -> None:
    code = site.received()
    due = "2026-12-20T17:00:00+07:00"
    site.take(code, "decider", "promise_extended", due_at=due, reason="flood", signer="Head")
    promises = site.get(f"/v1/dossiers/{code}/deadline", "desk").json()["promises"]
    assert [(promise["step"], promise["due_at"], promise["given"]) for promise in promises] == [
        ("received", "2026-11-30T17:00:00+07:00", False),
        ("promise_extended", due, True),
    ]


def test_a_procedure_without_a_time_has_nothing_to_explain(site: Site) -> None:
    code = site.received(procedure="2.002480")
    answer = site.get(f"/v1/dossiers/{code}/deadline", "desk").json()
    assert (answer["reckoned_due_at"], answer["steps"], answer["sentence"]) == (None, [], "")
