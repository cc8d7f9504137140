"""A dossier whose key is lost: every page states it, none fails, and its steps continue."""

from pathlib import Path

import pytest

from tests.cli.tampering import without_guards
from tests.http.clerk import clerk_at
from tests.http.site import Site
from tracker.domain.dossier.codes import dossier_id

REASON = "Thiếu giấy khai sinh"
PERSON = {"name": "Nguyễn Thị Mất", "phone": "0909 123 456", "email": "mat@example.org"}
LOST = "khóa của hồ sơ đã mất"


@pytest.fixture(params=["missing", "broken"])
def lost(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> tuple[Site, str, str]:
    """Return the site, a code, and the path of its page; its key is missing or broken."""
    code = site.received(applicant=PERSON)
    other = site.received()
    site.take(code, "decider", "supplement_asked", reason=REASON)
    own = site.installation.receipts.path(code)
    site.caught_up()
    with without_guards(tmp_path / "events.db") as connection:
        if request.param == "missing":
            connection.execute(
                "DELETE FROM dossier_keys WHERE dossier_id = ?", (dossier_id(code).hex,)
            )
        else:
            connection.execute(
                "UPDATE dossier_keys SET wrapped = (SELECT wrapped FROM dossier_keys"
                " WHERE dossier_id = ?) WHERE dossier_id = ?",
                (dossier_id(other).hex, dossier_id(code).hex),
            )
    return site, code, own


def test_what_needs_no_key_is_answered_as_ever(lost: tuple[Site, str, str]) -> None:
    site, code, _ = lost
    for path, who in (
        (f"/v1/lookup/{code}", None),
        (f"/v1/dossiers/{code}", "desk"),
        (f"/v1/dossiers/{code}/history", "desk"),
        (f"/v1/dossiers/{code}/deadline", "desk"),
        (f"/v1/dossiers/{code}/readers", "auditor"),
    ):
        assert site.get(path, who).status_code == 200, path


def test_programs_get_a_problem_that_says_what_is_lost(lost: tuple[Site, str, str]) -> None:
    site, code, own = lost
    answers = [
        site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="test"),
        site.take(code, "decider", "supplement_asked", reason="nữa"),
        site.take(code, "decider", "complained", text="Chậm"),
        site.get(own),
    ]
    assert {answer.status_code for answer in answers} <= {410, 409}
    problems = [answer for answer in answers if answer.status_code == 410]
    assert len(problems) >= 3
    for answer in problems:
        assert answer.json()["type"] == "/problems/key-lost"
        assert "Personal data cannot be read" in answer.json()["detail"]
    assert site.take(code, "desk", "supplement_received").status_code == 201


@pytest.mark.parametrize("number", ["01", "02", "06"])
def test_forms_say_that_the_key_is_lost_and_not_that_the_person_was_erased(
    lost: tuple[Site, str, str], number: str
) -> None:
    site, code, _ = lost
    page = site.get(f"/v1/dossiers/{code}/forms/{number}", "desk")
    assert page.status_code == 200
    assert "đã được xóa" not in page.text
    assert (LOST in page.text) is (number != "06")
    assert site.get(f"/v1/dossiers/{code}/forms/{number}.pdf", "desk").status_code == 200


def test_the_register_names_the_others_and_says_that_this_key_is_lost(
    lost: tuple[Site, str, str],
) -> None:
    site, code, _ = lost
    days = {"from": "2026-11-20", "to": "2026-11-20"}
    page = site.get("/v1/register", "desk", office="CN01", **days)
    assert page.status_code == 200
    assert code in page.text
    assert "mất khóa" in page.text
    assert "<td>An</td>" in page.text


def test_the_pages_of_clerks_and_of_the_owner_show_the_loss(lost: tuple[Site, str, str]) -> None:
    site, code, own = lost
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    assert clerk.opens(f"/desk/dossiers/{code}").status_code == 200
    opened = clerk.sends(f"/desk/dossiers/{code}/personal-data", why="để kiểm tra")
    assert opened.status_code == 410
    assert "Khóa của hồ sơ này đã mất" in opened.text
    for path in (own, f"{own}/receipt"):
        page = site.client.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 410, path
        assert "Khóa mở dữ liệu cá nhân của hồ sơ đã mất" in page.text
    wrong = site.client.post("/h", data={"code": code, "digits": "3456"}, follow_redirects=False)
    assert wrong.status_code < 500


def test_an_export_goes_on_and_leaves_the_lost_texts_out(lost: tuple[Site, str, str]) -> None:
    site, code, _ = lost
    whole = site.get("/v1/exports/ndjson", "administrator", reason="kiểm tra")
    assert whole.status_code == 200
    archive = site.get("/v1/exports/ndjson", "administrator", code=code, reason="kiểm tra")
    assert archive.status_code == 200
