"""The history page of auditors: all events, two moments side by side, and the access log."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.http.clerk import Clerk, clerk_at
from tests.http.site import NOON, Site

SECRET = "Nguyễn Thị Bí Mật"


@pytest.fixture
def code(site: Site) -> str:
    """Return a dossier received at noon and decided at 14:00, recorded the next day."""
    code = site.received(applicant={"name": SECRET, "phone": "0912 345 678"})
    site.now[0] = NOON + timedelta(hours=3)
    site.take(code, "decider", "processing_started")
    site.now[0] = NOON + timedelta(days=1)
    at = (NOON + timedelta(hours=2)).isoformat()
    assert (
        site.take(code, "decider", "decided", outcome="granted", occurred_at=at).status_code == 201
    )
    site.now[0] = NOON + timedelta(days=2)
    return code


@pytest.fixture
def auditor(site: Site, code: str) -> Clerk:
    del code  # created first, because a session ends before the days have passed
    clerk = clerk_at(site)
    clerk.signs_in("auditor")
    return clerk


def replay_of(code: str) -> str:
    return f"/desk/dossiers/{code}/replay"


def cells_of(clerk: Clerk, fact: str) -> list[str]:
    """Return the table cells of a fact, at the first and at the second moment."""
    row = re.search(rf"<th scope=\"row\">{fact}.*?</tr>", clerk.shown, re.DOTALL)
    assert row, fact
    return [cell.strip() for cell in re.findall(r"<td>(.*?)</td>", row[0], re.DOTALL)]


def line_of(clerk: Clerk, version: int) -> str:
    line = re.search(rf'<li value="{version}" id="event-{version}".*?</li>', clerk.shown, re.DOTALL)
    assert line
    return line[0]


def test_an_auditor_who_finds_a_code_gets_its_history(auditor: Clerk, code: str) -> None:
    answer = auditor.opens("/desk/dossiers", code=code.lower())
    assert answer.url.path == replay_of(code)
    assert answer.status_code == 200


def test_every_event_is_shown_with_actor_office_and_both_times(auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code))
    line = line_of(auditor, 3)
    for text in ("staff-decider", "Sở Tài chính", "14:00:00, 20/11/2026", "12:00:00, 21/11/2026"):
        assert text in line


def test_late_and_out_of_order_events_are_marked(auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code))
    assert "ghi muộn 22 giờ" in line_of(auditor, 3)
    assert "ghi không theo thứ tự" in line_of(auditor, 3)
    for version in (1, 2):
        assert "ghi muộn" not in line_of(auditor, version)
        assert "không theo thứ tự" not in line_of(auditor, version)


def test_a_corrected_event_is_marked(site: Site, auditor: Clerk, code: str) -> None:
    right = (NOON - timedelta(hours=1)).isoformat()
    site.take(code, "desk", "corrected", corrects=1, what="occurred_at", value=right)
    auditor.opens(replay_of(code))
    assert "đã sửa ở việc số 4" in line_of(auditor, 1)
    assert "tính là xảy ra lúc: 11:00:00, 20/11/2026" in re.sub(r"\s+", " ", line_of(auditor, 1))
    assert "đã sửa" not in line_of(auditor, 2)


def test_the_history_is_shown_as_of_and_as_known_at_a_moment(auditor: Clerk, code: str) -> None:
    """Turning points: 0 received, 1 decided, 2 started, 3 decision recorded, 4 now."""
    auditor.opens(replay_of(code), as_of="2", known_at="2", as_of_2="2", known_at_2="4")
    assert cells_of(auditor, "Tình trạng") == ["Đang giải quyết", "Đã có kết quả, chờ trả"]
    assert cells_of(auditor, "Có kết quả lúc") == ["\N{EN DASH}", "14:00:00, 20/11/2026"]
    assert "chỉ ở thời điểm 2" in line_of(auditor, 3)
    assert "chỉ ở thời điểm" not in line_of(auditor, 2)


def test_only_what_differs_is_marked(auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code), as_of="0", known_at="0", as_of_2="0", known_at_2="4")
    assert "Hai thời điểm giống nhau." in auditor.shown
    assert 'class="differs"' not in auditor.shown
    auditor.opens(replay_of(code))
    assert 'class="differs"' in auditor.shown
    assert '<th scope="row">Nơi giải quyết</th>' in auditor.shown


def test_the_days_left_are_counted_on_the_calendar_known_then(site: Site) -> None:
    """On 25 December 2025 it became known that 2 January is a day off."""
    site.now[0] = datetime(2025, 12, 24, 4, tzinfo=UTC)
    code = site.received(procedure="1.012783")
    site.now[0] = datetime(2025, 12, 26, 4, tzinfo=UTC)
    assert site.take(code, "desk", "complained", text="Bao giờ xong?").status_code == 201
    auditor = clerk_at(site)
    auditor.signs_in("auditor")
    auditor.opens(replay_of(code), as_of="0", known_at="0", as_of_2="0", known_at_2="1")
    assert cells_of(auditor, "Còn bao lâu") == ["còn 10 ngày làm việc", "còn 9 ngày làm việc"]


def test_a_late_dossier_was_not_late_before_its_date(site: Site, auditor: Clerk) -> None:
    code = site.received()
    site.now[0] = NOON + timedelta(days=30)
    auditor.signs_in("auditor")
    auditor.opens(replay_of(code), as_of="0", known_at="1")
    assert cells_of(auditor, "So với ngày hẹn") == ["đúng hạn", "quá hạn"]
    assert cells_of(auditor, "Còn bao lâu") == ["còn 6 ngày làm việc", "quá 13 ngày làm việc"]


def test_an_address_shows_the_same_moments_after_more_events(
    site: Site, auditor: Clerk, code: str
) -> None:
    places = {"events": "3", "as_of": "1", "known_at": "1", "as_of_2": "2", "known_at_2": "3"}
    auditor.opens(replay_of(code), **places)
    before = [cells_of(auditor, "Tình trạng"), cells_of(auditor, "Có kết quả lúc")]
    early = (NOON + timedelta(hours=1)).isoformat()
    site.take(code, "desk", "complained", text="x", occurred_at=early)
    auditor.opens(replay_of(code), **places)
    assert [cells_of(auditor, "Tình trạng"), cells_of(auditor, "Có kết quả lúc")] == before
    assert "mới, chưa có trên thanh trượt" in line_of(auditor, 4)


def test_each_event_has_a_link_to_its_changes(auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code))
    address = re.search(r'<a href="([^"]+)">Trước và sau', line_of(auditor, 3))
    assert address
    auditor.opens(address[1].replace("&amp;", "&"))
    assert cells_of(auditor, "Tình trạng") == ["Đang giải quyết", "Đã có kết quả, chờ trả"]


@pytest.mark.parametrize("position", ["-1", "x", "1.5"])
def test_an_invalid_slider_position_is_refused(auditor: Clerk, code: str, position: str) -> None:
    assert auditor.opens(replay_of(code), as_of=position).status_code == 422
    assert auditor.opens(replay_of(code), as_of="99999").status_code == 200


def test_the_access_log_is_shown_with_reasons(site: Site, auditor: Clerk, code: str) -> None:
    site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="gọi người nộp")
    auditor.opens(replay_of(code))
    looks = auditor.shown[auditor.shown.index('id="looks"') :]
    for text in ("staff-desk", "dữ liệu cá nhân", "gọi người nộp", "auditor-1"):
        assert text in looks


def test_moving_the_sliders_is_one_access_and_returning_is_another(
    site: Site, auditor: Clerk, code: str
) -> None:
    def looks() -> list[str]:
        return [
            entry["what"]
            for entry in site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
        ]

    for position in ("0", "1", "2"):
        auditor.opens(replay_of(code), as_of=position)
    assert looks() == ["history"]
    auditor.later(minutes=11)
    auditor.opens(replay_of(code))
    assert looks() == ["history", "readers", "history"]


def test_sealed_data_open_only_with_a_reason(site: Site, auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code))
    assert SECRET not in auditor.shown
    opening = f"/desk/dossiers/{code}/personal-data"
    assert auditor.sends(opening, why="  ").status_code == 422
    assert SECRET not in auditor.shown
    assert auditor.sends(opening, why="đơn khiếu nại số 7").status_code == 200
    assert SECRET in auditor.shown
    looks = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert ("personal_data", "auditor", "đơn khiếu nại số 7") in [
        (entry["what"], entry["role"], entry["reason"]) for entry in looks
    ]


@pytest.mark.parametrize("who", ["desk", "agent", "manager", "carrier"])
def test_other_roles_get_no_history(site: Site, code: str, who: str) -> None:
    clerk = clerk_at(site)
    clerk.signs_in(who)
    assert clerk.opens(replay_of(code)).status_code == 403
    clerk.opens(f"/desk/dossiers/{code}")
    assert "Xem lại theo thời gian" not in clerk.shown


def test_an_unknown_code_gets_an_error_page(auditor: Clerk) -> None:
    answer = auditor.opens(replay_of("H26.01-261120-0099"))
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_the_page_links_to_the_proof(auditor: Clerk, code: str) -> None:
    auditor.opens(replay_of(code))
    assert f'href="/v1/dossiers/{code}/proof"' in auditor.shown
