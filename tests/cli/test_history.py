"""`tracker history`: every event with both times; late and corrected events are marked."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import read_command
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.settings import Settings

CLERK = Actor(Role.STAFF, "clerk-1", "CN05")
DECIDER = Actor(Role.STAFF, "decider-1", "SO-TAICHINH")


@pytest.fixture
def code(data_dir: Path) -> str:
    """A dossier that was received and corrected, with a request for papers recorded late."""
    with open_container(Settings(data_dir=data_dir)) as container:
        now = container.now()

        def post(actor: Actor, **message: object) -> str:
            number = container.scan.head() + 1
            item = {"event_id": f"h-{number}", "occurred_at": now, **message}
            return container.tracker.post(Envelope(actor, read_command(item))).code

        code = post(CLERK, procedure="2.001610", applicant={"name": "Nguyễn Thị Bí Mật"})
        right = (now - timedelta(minutes=20)).isoformat()
        post(CLERK, code=code, step="corrected", corrects=1, what="occurred_at", value=right)
        post(
            DECIDER,
            code=code,
            step="supplement_asked",
            reason="Thiếu giấy tờ riêng tư",
            occurred_at=now - timedelta(hours=3),
        )
    return code


def as_json(run: Run, *args: str) -> dict[str, Any]:
    result = run("history", "--format", "json", *args)
    assert (result.code, result.err) == (0, "")
    answer: dict[str, Any] = json.loads(result.out)
    return answer


def test_every_event_is_listed_with_who_and_both_times(code: str, run: Run) -> None:
    events = as_json(run, code)["events"]
    assert [(one["version"], one["step"]) for one in events] == [
        (1, "received"),
        (2, "corrected"),
        (3, "supplement_asked"),
    ]
    assert events[2]["by"] == {
        "role": "staff",
        "id": "decider-1",
        "office": "SO-TAICHINH",
        "partner": "",
    }
    assert all(one["occurred_at"].endswith("+07:00") for one in events)


def test_what_came_late_is_marked(code: str, run: Run) -> None:
    assert [one["late"] for one in as_json(run, code)["events"]] == [False, False, True]
    assert "LATE by 3:00:00" in run("history", code).out


def test_what_we_heard_of_after_something_later_is_marked(code: str, run: Run) -> None:
    assert [one["out_of_order"] for one in as_json(run, code)["events"]] == [False, False, True]
    assert run("history", code).out.count("OUT OF ORDER") == 1


def test_a_correction_of_a_time_shows_what_counts(code: str, run: Run) -> None:
    received, corrected, asked = as_json(run, code)["events"]
    right = datetime.fromisoformat(corrected["details"]["value"])
    assert datetime.fromisoformat(received["counts_from"]) == right
    assert asked["counts_from"] == asked["occurred_at"]
    assert "counts from" in run("history", code).out


def test_who_read_it_is_told_when_asked_for(code: str, run: Run, data_dir: Path) -> None:
    with open_container(Settings(data_dir=data_dir)) as container:
        container.reader.personal_data(CLERK, code, "gọi người nộp")
    table = run("history", code, "--reads").out
    assert "Who read it" in table
    assert "staff clerk-1" in table
    assert "gọi người nộp" in table
    rows = [
        (one["what"], one["role"], one["reason"]) for one in as_json(run, code, "--reads")["reads"]
    ]
    assert rows == [
        ("personal_data", "staff", "gọi người nộp"),
        ("readers", "auditor", ""),
        ("history", "auditor", ""),
    ]
    assert "reads" not in as_json(run, code)


def test_a_correction_is_seen_at_what_it_corrects(code: str, run: Run) -> None:
    events = as_json(run, code)["events"]
    assert [one["corrected_by"] for one in events] == [[2], [], []]
    assert events[1]["details"]["corrects"] == 1
    assert "CORRECTED by 2" in run("history", code).out


def test_sealed_texts_stay_sealed(code: str, run: Run) -> None:
    table, answer = run("history", code).out, run("history", code, "--format", "json").out
    for secret in ("Bí Mật", "riêng tư"):
        assert secret not in table + answer
    assert "applicant: (sealed)" in table
    assert [one["sealed"] for one in json.loads(answer)["events"]] == [
        ["applicant"],
        [],
        ["reason"],
    ]


def test_a_code_is_found_however_it_is_typed(code: str, run: Run) -> None:
    assert as_json(run, f" {code.lower()} ")["code"] == code


def test_the_past_is_cut_on_both_axes(run: Run, demo_installation: Container) -> None:
    code = next(
        one
        for one in demo_installation.sample_codes(20)
        if (row := demo_installation.look_up.rows([one]).get(one)) and row.stage == "returned"
    )
    whole = as_json(run, code)["events"]
    cut_at = whole[len(whole) // 2]["recorded_at"]
    known = as_json(run, code, "--known-at", cut_at)["events"]
    assert known == [one for one in whole if one["recorded_at"] <= cut_at]
    assert as_json(run, code, "--as-of", "2020-01-01")["events"] == []


def test_the_look_is_recorded(code: str, run: Run, data_dir: Path) -> None:
    run("history", code)
    with open_container(Settings(data_dir=data_dir)) as container:
        (look,) = container.reader.readers(Actor(Role.ADMINISTRATOR, "adm-1"), code)
    assert (look.what, look.role) == ("history", "auditor")
    assert look.actor.startswith("cli:")


@pytest.mark.parametrize("unknown", ["H26.05-261122-9999", "nonsense"])
def test_an_unknown_code_is_an_error(unknown: str, run: Run) -> None:
    result = run("history", unknown)
    assert (result.code, result.err) == (1, "Error: There is no dossier with this code.\n")
