"""The figures page of auditors: figures as known then and now, and the causes of differences."""

import re
from datetime import timedelta

import pytest

from tests.http.clerk import Clerk, clerk_at
from tests.http.site import NOON, Site, asking_explanation

PAGE = "/desk/figures"
PERIOD = {"since": "2026-11-20", "then": "2026-11-21"}


@pytest.fixture
def code(site: Site) -> str:
    """Return a dossier whose decision was recorded a day after the end of the period."""
    code = site.received()
    site.received()
    decided = site.at()
    site.now[0] = NOON + timedelta(days=3)
    site.take(code, "decider", "decided", outcome="granted", occurred_at=decided)
    return code


@pytest.fixture
def auditor(site: Site, code: str) -> Clerk:
    del code  # created first, because a session ends before the days have passed
    clerk = clerk_at(site)
    clerk.signs_in("auditor")
    return clerk


def figure(clerk: Clerk, name: str) -> list[str]:
    row = re.search(rf'<th scope="row">{name}.*?</tr>', clerk.shown, re.DOTALL)
    assert row, name
    return re.findall(r'<td class="number">(.*?)</td>', row[0])


def test_a_difference_is_shown_down_to_the_dossier_and_the_event(auditor: Clerk, code: str) -> None:
    assert auditor.opens(PAGE, **PERIOD).status_code == 200
    assert figure(auditor, "Đã giải quyết") == ["0", "1"]
    assert figure(auditor, "Đã tiếp nhận") == ["2", "2"]
    assert figure(auditor, "Đúng hạn trên số đã giải quyết") == ["\N{EN DASH}", "100.0 %"]
    assert "1 hồ sơ được tính khác đi" in auditor.shown
    assert f'href="/desk/dossiers/{code}/replay#event-2"' in auditor.shown
    assert "Nay tính: đã giải quyết; giải quyết đúng hạn" in auditor.shown


def test_a_breakdown_shows_the_groups_that_differ(auditor: Clerk) -> None:
    auditor.opens(PAGE, **PERIOD, by="office")
    assert "<strong>Sở Tài chính</strong>" in auditor.shown
    auditor.opens(PAGE, since="2026-11-20", then="2026-11-23", by="office")
    assert "<strong>Sở Tài chính</strong>" not in auditor.shown
    assert "0 hồ sơ được tính khác đi" in auditor.shown


def test_an_explanation_is_logged_as_an_access_to_each_dossier_it_lists(
    site: Site, auditor: Clerk, code: str
) -> None:
    auditor.opens(PAGE, **PERIOD)
    looks = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert [(entry["what"], entry["actor"]) for entry in looks] == [("figures", "auditor-1")]
    auditor.opens(f"/desk/dossiers/{code}/replay")
    assert "Đã xem: vì sao số liệu đổi" in auditor.shown


def test_before_a_day_is_chosen_nothing_is_counted(auditor: Clerk) -> None:
    answer = auditor.opens(PAGE, since="", until="", then="", by="")
    assert answer.status_code == 200
    assert "được tính khác đi" not in auditor.shown


@pytest.mark.parametrize(
    "asked",
    [
        {"then": "2026-12-31"},
        {"then": "2026-11-21", "until": "2026-12-31"},
        {"then": "2026-11-21", "since": "2026-11-22"},
        {"then": "yesterday"},
        {"then": "2026-11-21", "by": "weather"},
    ],
)
def test_impossible_days_get_an_error_page(auditor: Clerk, asked: dict[str, str]) -> None:
    answer = auditor.opens(PAGE, **asked)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("who", ["desk", "agent"])
def test_other_roles_get_no_explanation(site: Site, code: str, who: str) -> None:
    del code
    clerk = clerk_at(site)
    clerk.signs_in(who)
    assert clerk.opens(PAGE, **PERIOD).status_code == 403
    clerk.opens("/desk")
    assert PAGE not in clerk.shown


def test_a_manager_gets_the_page_without_links_to_histories(site: Site, code: str) -> None:
    manager = clerk_at(site)
    manager.signs_in("manager")
    manager.opens("/desk")
    assert PAGE in manager.shown
    manager.opens(PAGE, **PERIOD)
    assert code in manager.shown
    assert "/replay" not in manager.shown


def test_one_answer_is_computed_at_a_time(site: Site, code: str) -> None:
    del code
    refused: list[int] = []

    def ask() -> None:
        if not refused:
            refused.append(second.opens(PAGE, **PERIOD).status_code)

    with site.rebuilt(explain_figures=asking_explanation(site, ask)) as busy:
        first, second = clerk_at(busy), clerk_at(busy)
        for clerk in (first, second):
            clerk.signs_in("auditor")
        assert first.opens(PAGE, **PERIOD).status_code == 200
        assert refused == [503]
        assert second.opens(PAGE, **PERIOD).status_code == 200
