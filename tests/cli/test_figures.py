"""`tracker figures`: exact JSON, readable tables, and times as people write them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import UNTIL, Run
from tracker.application.commands.envelope import Envelope
from tracker.application.commands.registry import read_command
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.network.network import Channel
from tracker.projections.figures.figures import Counts, GroupBy, Question
from tracker.settings import Settings

DAY = (UNTIL - timedelta(days=30)).date()
BEFORE = DAY - timedelta(days=14)
COUNTED = set(Counts().as_json())

AUDITOR = Actor(Role.AUDITOR, "auditor")


def as_json(run: Run, *args: str) -> dict[str, Any]:
    result = run("figures", "--format", "json", *args)
    assert (result.code, result.err) == (0, "")
    answer: dict[str, Any] = json.loads(result.out)
    return answer


def test_json_has_the_total_and_each_group_in_one_shape(run: Run, demo: Path) -> None:
    answer = as_json(run, "--by", "channel")
    assert set(answer) == {"as_of", "known_at", "since", "by", "total", "groups"}
    assert set(answer["groups"]) == set(Channel)
    assert all(set(one) == COUNTED for one in [answer["total"], *answer["groups"].values()])
    assert {"received", "finished", "finished_on_time", "finished_late", "open"} < COUNTED
    for count in ("received", "finished", "finished_on_time", "open", "open_overdue"):
        assert answer["total"][count] == sum(one[count] for one in answer["groups"].values())


def test_without_a_breakdown_there_are_no_groups(run: Run, demo: Path) -> None:
    assert as_json(run)["groups"] == {}


def test_json_is_what_the_figures_say(run: Run, demo: Path) -> None:
    answer = as_json(run, "--by", "partner", "--as-of", f"{DAY}", "--since", f"{BEFORE}")
    with open_container(Settings(data_dir=demo)) as container:
        question = Question(
            as_of=datetime.fromisoformat(f"{DAY}T23:59:59.999999+07:00"),
            since=datetime.fromisoformat(f"{BEFORE}T00:00:00+07:00"),
            by=GroupBy.PARTNER,
        )
        assert answer == container.figures.answer(AUDITOR, question).as_json()


@pytest.mark.parametrize("by", GroupBy)
def test_a_table_shows_both_promises_for_every_breakdown(by: GroupBy, run: Run, demo: Path) -> None:
    result = run("figures", "--by", by.value)
    assert result.code == 0
    assert "Against the latest promise" in result.out
    assert "Against the first promise" in result.out
    assert result.out.count("TOTAL") == 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", "T23:59:59.999999+07:00"),
        ("T12:00", "T12:00:00+07:00"),
        ("T12:00:00+00:00", "T12:00:00+00:00"),
        ("T12:00:00Z", "T12:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_people_mean_it(written: str, meant: str, run: Run, demo: Path) -> None:
    answer = as_json(run, "--as-of", f"{DAY}{written}", "--known-at", f"{DAY}{written}")
    assert answer["as_of"] == answer["known_at"] == f"{DAY}{meant}"


def test_a_day_begins_a_period_with_its_first_moment(run: Run, demo: Path) -> None:
    assert as_json(run, "--since", f"{DAY}")["since"] == f"{DAY}T00:00:00+07:00"


def test_today_is_a_day_though_it_is_not_over(run: Run, demo_installation: Container) -> None:
    zone = demo_installation.service.calendar.zone
    today = demo_installation.now().astimezone(zone).date()
    answer = as_json(run, "--as-of", today.isoformat())
    assert answer["total"] == as_json(run)["total"]


def test_what_was_stored_a_moment_ago_is_counted(run: Run, demo: Path) -> None:
    before = as_json(run)["total"]["received"]
    with open_container(Settings(data_dir=demo)) as container:
        clerk = Actor(Role.STAFF, "clerk", "CN05")
        message = read_command(
            {
                "event_id": "new-1",
                "occurred_at": container.now() - timedelta(seconds=1),
                "procedure": "2.001610",
                "applicant": {"name": "An"},
            }
        )
        container.tracker.post(Envelope(clerk, message))
    assert as_json(run)["total"]["received"] == before + 1


def test_late_news_is_not_counted_as_known_before(run: Run, demo: Path) -> None:
    now_known = as_json(run, "--as-of", f"{DAY}")["total"]
    then_known = as_json(run, "--as-of", f"{DAY}", "--known-at", f"{BEFORE}")["total"]
    assert then_known["received"] < now_known["received"]


# why a figure is another than it was


@pytest.fixture
def late(data_dir: Path) -> list[str]:
    """Three dossiers of a month ago; the decision on the first we heard of long after it was made.

    The promise of each was five working days.
    """
    begun = datetime(2026, 3, 2, 3, tzinfo=UTC)
    clock = [begun]
    clerk, decider = Actor(Role.STAFF, "clerk", "CN05"), Actor(Role.STAFF, "head", "SO-TAICHINH")

    def post(container: Container, actor: Actor, days_ago: int = 0, **message: object) -> str:
        number = container.scan.head() + 1
        at = clock[0] - timedelta(days=days_ago)
        item = {"event_id": f"l-{number}", "occurred_at": at, **message}
        return container.tracker.post(Envelope(actor, read_command(item))).code

    with open_container(Settings(data_dir=data_dir), lambda: clock[0]) as container:
        applicant = {"name": "Nguyễn Thị An"}
        codes = [
            post(container, clerk, procedure="2.001610", applicant=applicant) for _ in range(3)
        ]
        clock[0] = begun + timedelta(days=3)
        post(container, decider, code=codes[1], step="decided", outcome="granted")
        clock[0] = begun + timedelta(days=20)
        post(container, decider, 2, code=codes[0], step="decided", outcome="granted")
    return codes


MARCH = ("--since", "2026-03-01", "--as-of", "2026-03-21")


def test_a_difference_is_explained_down_to_the_dossier_and_the_event(
    run: Run, late: list[str]
) -> None:
    result = run("figures", *MARCH, "--explain", "2026-03-21")
    assert (result.code, result.err) == (0, "")
    assert "on time / finished, latest promise  100.0%  50.0%  -50.00 points" in result.out
    output = result.out[result.out.index("1 dossier counts otherwise:") :].splitlines()
    assert output[1] == late[0]
    assert output[2] == (
        "  no longer: open, open overdue (latest promise), open overdue (first promise)"
    )
    assert output[3] == (
        "  now: finished, finished late (latest promise), finished late (first promise)"
    )
    assert output[4] == (
        "  because of event 2: decided, happened 2026-03-20 10:00:00,"
        " recorded 2026-03-22 10:00:00 by staff head SO-TAICHINH"
    )


def test_an_explanation_as_json_holds_both_answers_and_what_changed(
    run: Run, late: list[str]
) -> None:
    answer = as_json(run, *MARCH, "--explain", "2026-03-21", "--by", "office")
    assert (answer["then"]["total"]["finished"], answer["now"]["total"]["finished"]) == (1, 2)
    assert answer["then"]["known_at"] == "2026-03-21T23:59:59.999999+07:00"
    (change,) = answer["changes"]
    assert (change["code"], change["group_now"]) == (late[0], "SO-TAICHINH")
    assert [(one["version"], one["step"]) for one in change["events"]] == [(2, "decided")]


def test_an_explanation_is_recorded_at_each_dossier_it_tells_of(
    run: Run, late: list[str], data_dir: Path
) -> None:
    run("figures", *MARCH, "--explain", "2026-03-21")
    with open_container(Settings(data_dir=data_dir)) as container:
        looks = [container.reader.readers(Actor(Role.ADMINISTRATOR, "adm"), code) for code in late]
    assert [[(one.what, one.role) for one in some] for some in looks] == [
        [("figures", "auditor")],
        [],
        [],
    ]


def test_without_news_nothing_is_to_be_explained(run: Run, late: list[str]) -> None:
    result = run("figures", "--explain", "2026-03-21", "--known-at", "2026-03-21T23:59:59.999999")
    assert "0 dossiers count otherwise." in result.out
    assert as_json(run, "--explain", "2026-03-23")["changes"] == []


def test_what_is_explained_was_known_before_what_it_is_compared_with(
    run: Run, late: list[str]
) -> None:
    result = run("figures", "--explain", "2026-03-21", "--known-at", "2026-03-20")
    assert result.code == 2
    assert "--known-at lies before --explain" in result.err


@pytest.mark.parametrize("known", [(), ("--known-at", f"{BEFORE}")])
def test_figures_recomputed_from_the_events_are_the_published_ones(
    run: Run, demo: Path, known: tuple[str, ...]
) -> None:
    asked = ("--by", "partner", "--since", f"{BEFORE}", "--as-of", f"{DAY}", *known)
    assert as_json(run, *asked, "--recompute") == as_json(run, *asked)


def test_recomputing_asks_no_read_model(run: Run, demo: Path) -> None:
    (demo / "views.db").unlink()
    assert as_json(run, "--recompute")["total"]["received"] > 0
    with open_container(Settings(data_dir=demo)) as container:
        assert (
            container.figures.answer(
                AUDITOR, Question(as_of=container.now() + timedelta(days=1))
            ).total
            == Counts()
        )
