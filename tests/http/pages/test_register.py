from datetime import timedelta
from io import BytesIO

import pytest
from httpx2 import Response
from pypdf import PdfReader

from tests.http.site import ACTORS, NOON, Site
from tracker.application.queries.make_register import MOST_ROWS

NAME = "Nguyễn Thị Ngọc Huyền"
DAY = "2026-11-20"


def ask(
    site: Site,
    who: str,
    *,
    office: str = "CN01",
    first: str = DAY,
    last: str = DAY,
    ending: str = "",
) -> Response:
    site.caught_up()
    return site.get(f"/v1/register{ending}", who, office=office, **{"from": first, "to": last})


@pytest.mark.parametrize(
    ("who", "is_named"),
    [
        ("desk", True),
        ("decider", True),
        ("administrator", True),
        ("other desk", False),
        ("auditor", False),
        ("manager", False),
    ],
)
def test_the_register_has_names_only_for_users_who_may_read_them(
    site: Site,
    who: str,
    is_named: bool,
) -> None:
    code = site.received(applicant={"name": NAME})
    page = ask(site, who)
    assert page.status_code == 200
    assert code in page.text
    assert (NAME in page.text) is is_named
    (look,) = site.get(f"/v1/dossiers/{code}/readers", "administrator").json()["readers"]
    assert look["actor"] == ACTORS[who].id
    assert look["reason"] == "mẫu số 07"
    assert look["what"] == ("personal_data" if is_named else "dossier")


@pytest.mark.parametrize("who", ["agent", "kiosk", "carrier", "portal"])
@pytest.mark.parametrize("ending", ["", ".pdf"])
def test_the_register_is_not_for_others(site: Site, who: str, ending: str) -> None:
    assert ask(site, who, ending=ending).status_code == 403


def test_the_page_and_the_pdf_list_the_dossiers_of_the_period_in_order(
    site: Site,
) -> None:
    first = site.received()
    elsewhere = site.received("other desk")
    site.now[0] = NOON + timedelta(hours=12, minutes=30)  # after midnight in Hanoi
    second = site.received()
    site.now[0] = NOON + timedelta(days=3)
    later = site.received()
    page = ask(site, "desk", last="2026-11-21").text
    assert -1 < page.index(first) < page.index(second)
    assert elsewhere not in page
    assert later not in page
    assert second not in ask(site, "desk").text
    pdf = ask(site, "desk", last="2026-11-21", ending=".pdf")
    text = PdfReader(BytesIO(pdf.content)).pages[0].extract_text().replace("\n", "")
    for text_part in (first, second, "SỔ THEO DÕI HỒ SƠ"):
        assert text_part.replace(" ", "") in text.replace(" ", "")
    assert elsewhere in ask(site, "decider", office="SO-TAICHINH").text


def test_a_register_that_is_too_long_is_marked_as_cut(site: Site) -> None:
    stored = site.post("/v1/dossiers:batch", "desk", [site.intake() for _ in range(MOST_ROWS)])
    last_in_time = stored.json()["items"][-1]["stored"]["code"]
    page = ask(site, "desk").text
    assert last_in_time in page
    assert "chưa đủ" not in page
    one_too_many = site.received()
    page = ask(site, "desk").text
    assert last_in_time in page
    assert one_too_many not in page
    assert f"chỉ ghi {MOST_ROWS} hồ sơ nhận sớm nhất" in page


def test_after_erasure_the_register_says_so(site: Site) -> None:
    code = site.received(applicant={"name": NAME})
    site.installation.erasure.erase(ACTORS["administrator"], code, event_id="x", basis="Luật")
    page = ask(site, "desk").text
    assert NAME not in page
    assert "(đã xóa)" in page


@pytest.mark.parametrize(("first", "last"), [("2026-11-20", "2026-11-19"), ("2026-10-20", DAY)])
def test_a_period_that_ends_before_it_begins_or_is_too_long_is_refused(
    site: Site, first: str, last: str
) -> None:
    answer = ask(site, "desk", first=first, last=last)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-input"


def test_thirty_one_days_are_not_too_long(site: Site) -> None:
    assert ask(site, "desk", first="2026-10-21").status_code == 200


def test_an_unknown_office_has_no_register(site: Site) -> None:
    answer = ask(site, "desk", office="NOWHERE")
    assert answer.status_code == 422
    assert "office" in answer.text
