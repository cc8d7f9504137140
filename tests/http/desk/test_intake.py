import re
from datetime import timedelta

import pytest

from tests.http.clerk import Clerk, clerk_at
from tests.http.site import PROCEDURE, Site
from tracker.adapters.http.desk.intake import matching, open_here
from tracker.domain.dossier.actors import Actor, Role

INTAKE = "/desk/intake"


@pytest.fixture
def clerk(site: Site) -> Clerk:
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    clerk.opens(INTAKE, procedure=PROCEDURE)
    return clerk


def code_in(location: str) -> str:
    return location.rsplit("/", maxsplit=1)[-1].split("?", maxsplit=1)[0]


def test_a_dossier_is_taken_in_with_all_that_was_typed(clerk: Clerk) -> None:
    answer = clerk.sends(
        INTAKE,
        applicant__name="Nguyễn Thị An",
        applicant__id_number="001099000001",
        applicant__phone="0900 000 001",
        applicant__email="an@vidu.vn",
        applicant__address="12 Hàng Bài",
        papers__0__name="Tờ khai",
        papers__0__form="original",
        papers__0__quantity="2",
        papers__1__name="Không nộp",
        papers__1__quantity="0",
        papers__2__name="",
        way_of_return="collect",
        helped_at="DL-VNPOST-001",
    )
    assert answer.status_code == 303
    code = code_in(answer.headers["Location"])
    told = clerk.site.get(f"/v1/dossiers/{code}", "desk").json()
    assert told["procedure"] == PROCEDURE
    assert told["papers"] == [{"name": "Tờ khai", "form": "original", "quantity": 2}]
    assert told["way_of_return"] == "collect"
    assert told["offices"]["helped_at"] == "DL-VNPOST-001"
    assert told["offices"]["received_at"] == "CN01"
    opened = clerk.site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="test").json()
    assert opened["entries"][0]["applicant"] == {
        "name": "Nguyễn Thị An",
        "id_number": "001099000001",
        "phone": "0900 000 001",
        "email": "an@vidu.vn",
        "address": "12 Hàng Bài",
    }


def test_afterwards_the_page_shows_code_date_receipt_and_the_way_to_the_next(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An")
    code = code_in(answer.headers["Location"])
    page = clerk.opens(answer.headers["Location"]).text
    assert f'<p class="code">{code}</p>' in page
    assert "17:00 ngày 30/11/2026" in page
    assert f'href="/v1/dossiers/{code}/forms/01' in page
    assert 'href="/desk/intake"' in page


def test_what_does_not_fit_is_told_beside_its_box_and_nothing_typed_is_lost(clerk: Clerk) -> None:
    before = clerk.site.head()
    answer = clerk.sends(
        INTAKE,
        applicant__phone="không có",
        applicant__email="planted",
        applicant__address="12 Hàng Bài",
        papers__0__name="Tờ khai",
        papers__0__quantity="hai",
    )
    assert answer.status_code == 422
    assert clerk.faults() == [
        "Xin điền mục này.",
        "Số điện thoại chỉ gồm chữ số và dấu cách, ví dụ 0900 000 001.",
        "Thư điện tử phải có dạng ten@vidu.vn.",
        "Xin nhập một số, chỉ gồm chữ số.",
    ]
    summary = re.findall(r'<a href="#([\w-]+)">', clerk.shown)
    assert [one for one in summary if one != "main"] == [
        "intake-applicant-name",
        "intake-applicant-phone",
        "intake-applicant-email",
        "intake-papers-0-quantity",
    ]
    for place in summary:
        assert f'id="{place}"' in clerk.shown
    assert re.search(r'id="intake-applicant-name"[^>]* autofocus', clerk.shown)
    assert "<title>Lỗi:" in clerk.shown
    boxes = clerk.form(INTAKE).boxes
    assert boxes["applicant.phone"] == "không có"
    assert boxes["applicant.address"] == "12 Hàng Bài"
    assert boxes["papers.0.quantity"] == "hai"
    assert clerk.site.head() == before
    assert clerk.sends(INTAKE, applicant__name="An").status_code == 303


def test_whoever_agreed_is_told_from_the_first_event_on(clerk: Clerk) -> None:
    answer = clerk.sends(
        INTAKE,
        applicant__name="An",
        applicant__phone="0900 000 001",
        notices__channels__sms="on",
        notices__language="en",
    )
    code = code_in(answer.headers["Location"])
    events = clerk.site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert [one["step"] for one in events] == ["received", "notices_agreed"]
    assert events[1]["details"] == {"channels": ["sms"], "language": "en"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nothing_ticked_is_no_consent_whatever_the_language(clerk: Clerk, language: str) -> None:
    assert "checked" not in clerk.shown
    answer = clerk.sends(
        INTAKE, applicant__name="An", applicant__phone="0900 000 001", notices__language=language
    )
    code = code_in(answer.headers["Location"])
    events = clerk.site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert [one["step"] for one in events] == ["received"]


def test_an_agreement_that_leads_nowhere_is_told_beside_its_box_and_stays_ticked(
    clerk: Clerk,
) -> None:
    clerk.sends(INTAKE, applicant__name="An", notices__channels__sms="on", notices__language="vi")
    (fault,) = clerk.faults()
    assert fault.startswith("Muốn nhận tin nhắn phải có số điện thoại")
    (ticked,) = re.findall(r"<input [^>]* checked[^>]*>", clerk.shown)
    assert 'id="intake-notices-channels" name="notices.channels.sms"' in ticked
    assert "autofocus" in ticked


def test_the_faults_are_told_in_english_to_whoever_reads_english(clerk: Clerk) -> None:
    clerk.opens(INTAKE, procedure=PROCEDURE, lang="en")
    clerk.sends(INTAKE)
    assert clerk.faults() == ["Please fill this in."]


def test_a_form_sent_twice_is_stored_once(clerk: Clerk) -> None:
    first = clerk.sends(INTAKE, applicant__name="An")
    before = clerk.site.head()
    clerk.later(seconds=2)
    again = clerk.sends(INTAKE, applicant__name="An")
    assert again.status_code == 303
    assert again.headers["Location"] == first.headers["Location"]
    assert clerk.site.head() == before


def test_a_form_sent_again_with_other_content_is_told_and_not_stored(clerk: Clerk) -> None:
    clerk.sends(INTAKE, applicant__name="An")
    before = clerk.site.head()
    answer = clerk.sends(INTAKE, applicant__name="Bình")
    assert answer.status_code == 409
    assert "đã được lưu trước đó" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "Bình"
    assert clerk.site.head() == before


def test_each_form_shown_is_another(clerk: Clerk) -> None:
    first = clerk.form(INTAKE).hidden["event_id"]
    clerk.opens(INTAKE, procedure=PROCEDURE)
    assert clerk.form(INTAKE).hidden["event_id"] != first


def test_a_dossier_is_received_when_it_is_sent_and_not_when_the_form_was_opened(
    clerk: Clerk,
) -> None:
    clerk.later(minutes=20)
    code = code_in(clerk.sends(INTAKE, applicant__name="An").headers["Location"])
    told = clerk.site.get(f"/v1/dossiers/{code}", "desk").json()
    assert told["received_at"] == "2026-11-20T12:20:00+07:00"


def test_what_was_taken_in_earlier_is_received_when_it_was(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", occurred_at="2026-11-19T08:30")
    told = clerk.site.get(f"/v1/dossiers/{code_in(answer.headers['Location'])}", "desk").json()
    assert told["received_at"] == "2026-11-19T08:30:00+07:00"


def test_a_time_to_come_is_told_beside_its_box(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", occurred_at="2026-11-21T08:30")
    assert answer.status_code == 422
    assert clerk.faults() == ["Thời điểm này ở tương lai. Xin xem lại ngày giờ."]


def test_the_papers_of_the_procedure_stand_there_already(clerk: Clerk) -> None:
    boxes = clerk.form(INTAKE).boxes
    assert boxes["papers.0.name"] == "Giấy đề nghị đăng ký doanh nghiệp"
    assert boxes["papers.1.name"] == "Căn cước công dân hoặc hộ chiếu"
    assert boxes["papers.2.name"] == ""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1.000894", ["1.000894"]),
        ("ket hon", ["1.000894"]),
        ("KẾT HÔN", ["1.000894"]),
        ("marriage registration", ["1.000894"]),
        ("1.000894 Đăng ký kết hôn", ["1.000894"]),
        ("khong co gi", []),
        ("", []),
    ],
)
def test_a_procedure_is_found_by_its_code_or_by_words(
    site: Site, asked: str, found: list[str]
) -> None:
    service = site.installation.service
    offered, _ = open_here(service, Actor(Role.STAFF, "x", "CN01"), service.local_day(site.now[0]))
    assert [one.code for one in matching(offered, asked)] == found


def test_several_procedures_are_shown_to_choose_from_and_none_is_told(clerk: Clerk) -> None:
    page = clerk.opens(INTAKE, procedure="dang ky").text
    assert 'href="/desk/intake?procedure=1.000894"' in page
    assert 'href="/desk/intake?procedure=2.000488"' not in page
    assert "Không có thủ tục nào như vậy ở đây" in clerk.opens(INTAKE, procedure="xyz").text


def test_an_agent_is_offered_only_what_is_open_to_agents(site: Site) -> None:
    agent = clerk_at(site)
    agent.signs_in("agent")
    page = agent.opens(INTAKE).text
    day = site.installation.service.local_day(site.now[0])
    catalogue = site.installation.service.catalogue
    opened = {one.code for one in catalogue.in_force_on(day)}
    to_agents = {code for code in opened if catalogue.open_to_agents(code, day)}
    offered = set(re.findall(r"/desk/intake\?procedure=([\w.]+)", page))
    assert offered == to_agents
    assert offered < opened


def test_whoever_may_not_take_in_is_told_why(site: Site) -> None:
    clerk = clerk_at(site)
    clerk.signs_in("decider")
    page = clerk.opens(INTAKE).text
    assert "Cơ quan này giải quyết hồ sơ, không tiếp nhận tại quầy." in page
    clerk.signs_in("auditor")
    assert clerk.opens(INTAKE).status_code == 403
    assert "/desk/intake" not in clerk.opens("/desk").text


def test_what_the_service_refuses_is_told_in_the_clerks_words(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", procedure="9.999999")
    assert answer.status_code == 422
    assert "không có trong danh mục" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "An"


def test_what_was_handed_in_online_is_taken_in_at_the_desk_under_its_own_code(
    site: Site, clerk: Clerk
) -> None:
    applicant = {"name": "Trần Văn Bình", "phone": "0900 000 002"}
    code = site.received("portal", step="submitted", applicant=applicant)
    page = clerk.opens(f"/desk/dossiers/{code}").text
    assert f'href="/desk/intake?code={code}"' in page
    clerk.opens(INTAKE, code=code)
    site.now[0] += timedelta(minutes=1)
    answer = clerk.sends(INTAKE, applicant__name="Trần Văn Bình")
    assert code_in(answer.headers["Location"]) == code
    told = site.get(f"/v1/dossiers/{code}", "desk").json()
    assert (told["stage"], told["channel"]) == ("received", "online")


def test_who_handed_it_in_stands_there_already_for_whoever_may_see_it(site: Site) -> None:
    code = site.received("portal", step="submitted", helped_at="CN01", applicant={"name": "Bình"})
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    clerk.opens(INTAKE, code=code)
    assert clerk.form(INTAKE).boxes["applicant.name"] == "Bình"
    looks = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    assert ("personal_data", "staff-desk") in {(one["what"], one["actor"]) for one in looks}


def test_what_breaks_the_store_loses_nothing_typed(clerk: Clerk) -> None:
    clerk.site.installation.tracker.close()
    answer = clerk.sends(INTAKE, applicant__name="An")
    assert answer.status_code == 503
    assert "xin bấm gửi lại" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "An"
