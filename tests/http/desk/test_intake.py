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


def test_a_dossier_is_received_with_all_form_input(clerk: Clerk) -> None:
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
    dossier = clerk.site.get(f"/v1/dossiers/{code}", "desk").json()
    assert dossier["procedure"] == PROCEDURE
    assert dossier["papers"] == [{"name": "Tờ khai", "form": "original", "quantity": 2}]
    assert dossier["way_of_return"] == "collect"
    assert dossier["offices"]["helped_at"] == "DL-VNPOST-001"
    assert dossier["offices"]["received_at"] == "CN01"
    opened = clerk.site.get(f"/v1/dossiers/{code}/personal-data", "desk", reason="test").json()
    assert opened["entries"][0]["applicant"] == {
        "name": "Nguyễn Thị An",
        "id_number": "001099000001",
        "phone": "0900 000 001",
        "email": "an@vidu.vn",
        "address": "12 Hàng Bài",
    }


def test_the_page_after_intake_shows_code_date_receipt_and_a_link_to_the_next(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An")
    code = code_in(answer.headers["Location"])
    page = clerk.opens(answer.headers["Location"]).text
    assert f'<p class="code">{code}</p>' in page
    assert "17:00 ngày 30/11/2026" in page
    assert f'href="/v1/dossiers/{code}/forms/01' in page
    assert 'href="/desk/intake"' in page


def test_an_error_is_shown_at_its_field_and_no_input_is_lost(clerk: Clerk) -> None:
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
    assert [anchor for anchor in summary if anchor != "main"] == [
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


def test_an_applicant_who_agreed_is_notified_from_the_first_event_on(clerk: Clerk) -> None:
    answer = clerk.sends(
        INTAKE,
        applicant__name="An",
        applicant__phone="0900 000 001",
        notices__channels__sms="on",
        notices__language="en",
    )
    code = code_in(answer.headers["Location"])
    events = clerk.site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert [entry["step"] for entry in events] == ["received", "notices_agreed"]
    assert events[1]["details"] == {"channels": ["sms"], "language": "en"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_language_without_a_tick_is_no_consent(clerk: Clerk, language: str) -> None:
    assert "checked" not in clerk.shown
    answer = clerk.sends(
        INTAKE, applicant__name="An", applicant__phone="0900 000 001", notices__language=language
    )
    code = code_in(answer.headers["Location"])
    events = clerk.site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert [entry["step"] for entry in events] == ["received"]


def test_consent_without_an_address_is_an_error_at_its_field_and_stays_ticked(
    clerk: Clerk,
) -> None:
    clerk.sends(INTAKE, applicant__name="An", notices__channels__sms="on", notices__language="vi")
    (fault,) = clerk.faults()
    assert fault.startswith("Muốn nhận tin nhắn phải có số điện thoại")
    (ticked,) = re.findall(r"<input [^>]* checked[^>]*>", clerk.shown)
    assert 'id="intake-notices-channels" name="notices.channels.sms"' in ticked
    assert "autofocus" in ticked


def test_errors_are_in_english_on_the_english_page(clerk: Clerk) -> None:
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


def test_a_form_sent_again_with_other_content_is_refused(clerk: Clerk) -> None:
    clerk.sends(INTAKE, applicant__name="An")
    before = clerk.site.head()
    answer = clerk.sends(INTAKE, applicant__name="Bình")
    assert answer.status_code == 409
    assert "đã được lưu trước đó" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "Bình"
    assert clerk.site.head() == before


def test_each_form_has_its_own_event_id(clerk: Clerk) -> None:
    first = clerk.form(INTAKE).hidden["event_id"]
    clerk.opens(INTAKE, procedure=PROCEDURE)
    assert clerk.form(INTAKE).hidden["event_id"] != first


def test_a_dossier_is_received_when_it_is_sent_and_not_when_the_form_was_opened(
    clerk: Clerk,
) -> None:
    clerk.later(minutes=20)
    code = code_in(clerk.sends(INTAKE, applicant__name="An").headers["Location"])
    dossier = clerk.site.get(f"/v1/dossiers/{code}", "desk").json()
    assert dossier["received_at"] == "2026-11-20T12:20:00+07:00"


def test_a_dossier_may_be_received_at_an_earlier_time(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", occurred_at="2026-11-19T08:30")
    dossier = clerk.site.get(f"/v1/dossiers/{code_in(answer.headers['Location'])}", "desk").json()
    assert dossier["received_at"] == "2026-11-19T08:30:00+07:00"


def test_a_time_in_the_future_is_an_error_at_its_field(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", occurred_at="2026-11-21T08:30")
    assert answer.status_code == 422
    assert clerk.faults() == ["Thời điểm này ở tương lai. Xin xem lại ngày giờ."]


def test_the_papers_of_the_procedure_are_filled_in(clerk: Clerk) -> None:
    boxes = clerk.form(INTAKE).boxes
    assert boxes["papers.0.name"] == "Giấy đề nghị đăng ký doanh nghiệp"
    assert boxes["papers.1.name"] == "Căn cước công dân hoặc hộ chiếu"
    assert boxes["papers.2.name"] == ""


@pytest.mark.parametrize(
    ("asked", "codes"),
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
    site: Site, asked: str, codes: list[str]
) -> None:
    service = site.installation.service
    offered, _ = open_here(service, Actor(Role.STAFF, "x", "CN01"), service.local_day(site.now[0]))
    assert [procedure.code for procedure in matching(offered, asked)] == codes


def test_several_procedures_are_a_list_and_none_is_an_error(clerk: Clerk) -> None:
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
    opened = {procedure.code for procedure in catalogue.in_force_on(day)}
    to_agents = {code for code in opened if catalogue.open_to_agents(code, day)}
    offered = set(re.findall(r"/desk/intake\?procedure=([\w.]+)", page))
    assert offered == to_agents
    assert offered < opened


def test_a_user_who_may_not_receive_sees_the_reason(site: Site) -> None:
    clerk = clerk_at(site)
    clerk.signs_in("decider")
    page = clerk.opens(INTAKE).text
    assert "Cơ quan này giải quyết hồ sơ, không tiếp nhận tại quầy." in page
    clerk.signs_in("auditor")
    assert clerk.opens(INTAKE).status_code == 403
    assert "/desk/intake" not in clerk.opens("/desk").text


def test_a_refusal_is_shown_as_a_text_for_clerks(clerk: Clerk) -> None:
    answer = clerk.sends(INTAKE, applicant__name="An", procedure="9.999999")
    assert answer.status_code == 422
    assert "không có trong danh mục" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "An"


def test_a_dossier_submitted_online_is_received_under_its_own_code(
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
    dossier = site.get(f"/v1/dossiers/{code}", "desk").json()
    assert (dossier["stage"], dossier["channel"]) == ("received", "online")


def test_the_applicant_is_filled_in_for_staff_who_may_see_personal_data(site: Site) -> None:
    code = site.received("portal", step="submitted", helped_at="CN01", applicant={"name": "Bình"})
    clerk = clerk_at(site)
    clerk.signs_in("desk")
    clerk.opens(INTAKE, code=code)
    assert clerk.form(INTAKE).boxes["applicant.name"] == "Bình"
    looks = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    assert ("personal_data", "staff-desk") in {(look["what"], look["actor"]) for look in looks}


def test_a_store_failure_loses_no_input(clerk: Clerk) -> None:
    clerk.site.installation.tracker.close()
    answer = clerk.sends(INTAKE, applicant__name="An")
    assert answer.status_code == 503
    assert "xin bấm gửi lại" in answer.text
    assert clerk.form(INTAKE).boxes["applicant.name"] == "An"
