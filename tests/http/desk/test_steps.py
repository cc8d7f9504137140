import re
from collections.abc import Mapping

import pytest

from tests.http.clerk import Clerk, clerk_at
from tests.http.site import Site
from tracker.application.commands.registry import COMMANDS
from tracker.domain.dossier.lifecycle import Step

REASON = {"reason": "x"}
IN_FULL: dict[Step, Mapping[str, object]] = {
    Step.REFUSED: REASON,
    Step.FORWARDED: {"to_office": "UBND-LONGBIEN"},
    Step.INTERNAL_STEP_TAKEN: {"name": "x", "clerk": "y"},
    Step.SUPPLEMENT_ASKED: REASON,
    Step.FEE_ASKED: {"amount": 5, **REASON},
    Step.FEE_PAID: {"amount": 5, "reference": "BL-1"},
    Step.STOPPED: REASON,
    Step.PROMISE_EXTENDED: {"due_at": "2026-12-21T17:00:00+07:00", "signer": "x", **REASON},
    Step.DECIDED: {"outcome": "granted"},
    Step.HANDED_TO_CARRIER: {"carrier": "VNPOST", "number": "X1"},
    Step.CARRIER_SCANNED: {"number": "X1", "scan": "EMH"},
    Step.RATED: {"score": 5},
    Step.COMPLAINED: {"text": "x"},
    Step.NOTICES_AGREED: {"channels": ["sms"]},
    Step.CORRECTED: {"corrects": 1, "what": "helped_at", "value": "CN02"},
}
"""The required input of each step."""


def page_of(code: str) -> str:
    return f"/desk/dossiers/{code}"


def step_of(code: str, step: str) -> str:
    return f"/desk/dossiers/{code}/steps/{step}"


def offered(clerk: Clerk) -> set[str]:
    return set(re.findall(r'action="/desk/dossiers/[^/]+/steps/(\w+)"', clerk.shown))


@pytest.fixture
def code(site: Site) -> str:
    return site.received(applicant={"name": "Nguyễn Thị Bí Mật", "phone": "0912 345 678"})


@pytest.fixture
def decider(site: Site, code: str) -> Clerk:
    clerk = clerk_at(site)
    clerk.signs_in("decider")
    clerk.opens(page_of(code))
    return clerk


def test_a_code_is_found_in_any_notation(decider: Clerk, code: str) -> None:
    for typed in (code, f"  {code.lower()} ", code.replace("-", "–")):  # noqa: RUF001  phones type this dash
        answer = decider.browser.get(
            "/desk/dossiers", params={"code": typed}, follow_redirects=False
        )
        assert answer.headers["Location"] == page_of(code)
    for unknown in ("H26.01-261120-9999", "<script>", "\x00"):
        answer = decider.opens("/desk/dossiers", code=unknown)
        assert answer.status_code == 404
        assert "Không có hồ sơ nào mang mã này" in answer.text
        assert "<script" not in answer.text
    assert decider.opens(page_of("H26.01-261120-9999")).status_code == 404


def test_a_receipt_is_scanned_and_a_code_misread_is_guessed(decider: Clerk, code: str) -> None:
    scanned = f"https://hoso.hanoi.example/h/{code}/{'a' * 26}"
    answer = decider.browser.get("/desk/dossiers", params={"code": scanned}, follow_redirects=False)
    assert answer.headers["Location"] == page_of(code)
    answer = decider.opens("/desk/dossiers", code=code.replace("0", "O").replace("-", ""))
    assert f'href="{page_of(code)}"' in answer.text


def test_the_page_shows_the_stage_and_explains_the_date(decider: Clerk) -> None:
    assert "Đã tiếp nhận, chờ giải quyết" in decider.shown
    assert "17:00 ngày 30/11/2026" in decider.shown
    assert "còn hạn" in decider.shown
    assert "thời hạn 5 ngày làm việc" in decider.shown
    assert "Sở Tài chính" in decider.shown


def test_a_missed_promise_is_marked_unless_the_clock_is_paused(
    site: Site, decider: Clerk, code: str
) -> None:
    decider.later(days=30)
    decider.signs_in("decider")
    assert "đã quá hạn" in decider.opens(page_of(code)).text
    other = site.received()
    site.take(other, "decider", "supplement_asked", reason="Thiếu giấy")
    decider.later(days=30)
    decider.signs_in("decider")
    assert "còn hạn" in decider.opens(page_of(other)).text


@pytest.mark.parametrize("who", ["desk", "decider", "other desk", "administrator", "auditor"])
def test_only_the_steps_that_the_user_may_record_are_offered(
    site: Site, code: str, who: str
) -> None:
    clerk = clerk_at(site)
    clerk.signs_in(who)
    clerk.opens(page_of(code))
    taken = {
        step.value
        for step in COMMANDS
        if site.take(site.received(), who, step.value, **IN_FULL.get(step, {})).status_code == 201
    }
    assert offered(clerk) == taken
    assert taken or who == "auditor"


def test_each_offered_step_can_be_recorded_with_its_form(decider: Clerk, code: str) -> None:
    typed: dict[str, dict[str, str]] = {
        "notices_agreed": {"channels__email": "on", "contact__email": "con@vidu.vn"},
        "processing_started": {},
        "supplement_asked": {"reason": "Thiếu giấy", "papers__0__name": "Đơn"},
        "supplement_received": {},
        "fee_asked": {"amount": "150.000", "reason": "Lệ phí"},
        "fee_paid": {"amount": "150.000", "reference": "BL-1"},
        "promise_extended": {
            "due_at": "2026-12-21T17:00",
            "reason": "Quá tải",
            "signer": "Trưởng phòng",
        },
        "decided": {"outcome": "granted"},
        "handed_to_carrier": {"carrier": "VNPOST", "number": "RR473124829VN"},
        "delivered": {},
        "notices_stopped": {},
        "rated": {"score": "5"},
    }
    for step, what in typed.items():
        decider.later(minutes=1)
        assert step in offered(decider)
        answer = decider.sends(step_of(code, step), **what)
        assert answer.status_code == 303, (step, decider.faults())
        page = decider.opens(answer.headers["Location"])
        assert page.status_code == 200
        assert "Đã ghi:" in page.text
    history = decider.site.get(f"/v1/dossiers/{code}/history", "auditor").json()["events"]
    assert [entry["step"] for entry in history] == ["received", *typed]
    assert history[1]["details"] == {"channels": ["email"], "language": "vi"}
    assert history[5]["details"]["amount"] == 150_000


def test_a_step_sent_twice_is_recorded_once(decider: Clerk, code: str) -> None:
    first = decider.sends(step_of(code, "complained"), text="Chờ lâu")
    before = decider.site.head()
    decider.later(seconds=3)
    again = decider.sends(step_of(code, "complained"), text="Chờ lâu")
    assert (first.status_code, again.status_code) == (303, 303)
    assert decider.site.head() == before


def test_an_error_is_shown_in_the_form_of_its_step(decider: Clerk, code: str) -> None:
    answer = decider.sends(step_of(code, "fee_asked"), amount="nhiều", basis="Luật Phí")
    assert answer.status_code == 422
    assert decider.faults() == ["Xin nhập một số, chỉ gồm chữ số.", "Xin điền mục này."]
    assert re.search(r'id="step-fee_asked" open', decider.shown)
    assert len(re.findall(r"<details[^>]* open", decider.shown)) == 1
    boxes = decider.form(step_of(code, "fee_asked")).boxes
    assert (boxes["amount"], boxes["basis"]) == ("nhiều", "Luật Phí")


def test_a_date_that_is_not_later_is_an_error_at_its_field(decider: Clerk, code: str) -> None:
    answer = decider.sends(
        step_of(code, "promise_extended"), due_at="2026-11-25T17:00", reason="x", signer="y"
    )
    assert answer.status_code == 422
    assert decider.faults() == ["Ngày hẹn mới phải sau hôm nay và sau ngày đã hẹn."]


def test_papers_due_in_the_past_are_an_error_at_their_field_and_keep_the_input(
    decider: Clerk, code: str
) -> None:
    sent = {"reason": "Thiếu giấy", "papers_due_at": "2026-11-19T17:00"}
    answer = decider.sends(step_of(code, "supplement_asked"), **sent)
    assert answer.status_code == 422
    assert decider.faults() == ["Hạn nộp phải sau lúc yêu cầu. Xin chọn ngày giờ muộn hơn."]
    boxes = decider.form(step_of(code, "supplement_asked")).boxes
    assert boxes["papers_due_at"] == sent["papers_due_at"]
    assert "Thiếu giấy</textarea>" in decider.shown


def test_the_second_of_two_users_sees_the_new_events_and_keeps_the_input(
    site: Site, decider: Clerk, code: str
) -> None:
    decider.later(minutes=1)
    site.take(code, "colleague", "processing_started")
    before = site.head()
    answer = decider.sends(step_of(code, "fee_asked"), amount="5", reason="Lệ phí hồ sơ")
    assert answer.status_code == 409
    assert site.head() == before
    assert "Có người vừa xử lý hồ sơ này trước" in answer.text
    new = re.findall(r'<li value="(\d+)" class="new">', answer.text)
    assert new == ["2"]
    assert "Đang giải quyết" in answer.text
    assert "Lệ phí hồ sơ</textarea>" in answer.text
    assert (
        decider.sends(step_of(code, "fee_asked"), amount="5", reason="Lệ phí hồ sơ").status_code
        == 303
    )


def test_a_step_that_is_no_longer_allowed_is_an_error_and_keeps_the_input(
    site: Site, decider: Clerk, code: str
) -> None:
    decider.later(minutes=1)
    site.take(code, "colleague", "decided", outcome="granted")
    answer = decider.sends(step_of(code, "stopped"), reason="Chờ xác minh", if_version="2")
    assert answer.status_code == 409
    assert "hồ sơ đã sang bước khác" in answer.text
    assert "Chờ xác minh</textarea>" in answer.text


@pytest.mark.parametrize("step", ["received", "submitted", "personal_data_erased", "nonsense"])
def test_a_step_without_a_form_is_refused(decider: Clerk, code: str, step: str) -> None:
    before = decider.site.head()
    token = decider.form("/desk/sign-out").hidden["token"]
    assert decider.sends(step_of(code, step), token=token).status_code == 422
    assert decider.site.head() == before


def test_staff_of_another_office_may_read_but_not_decide(site: Site, code: str) -> None:
    clerk = clerk_at(site)
    clerk.signs_in("other desk")
    clerk.opens(page_of(code))
    assert "decided" not in offered(clerk)
    token = clerk.form("/desk/sign-out").hidden["token"]
    answer = clerk.sends(step_of(code, "decided"), token=token, outcome="granted", if_version="1")
    assert answer.status_code in {403, 422}
    assert site.get(f"/v1/dossiers/{code}", "desk").json()["version"] == 1


def test_an_agent_opens_only_its_own_dossiers_without_the_history(site: Site) -> None:
    agent = clerk_at(site)
    agent.signs_in("agent")
    own = site.received("agent", procedure="1.001193")
    page = agent.opens(page_of(own))
    assert page.status_code == 200
    assert "Quá trình xử lý" not in page.text
    assert "Dữ liệu cá nhân" not in page.text
    assert agent.opens(page_of(site.received())).status_code == 403


def test_every_access_is_logged_once(site: Site, decider: Clerk, code: str) -> None:
    decider.opens(page_of(code))
    looks = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    assert [(look["what"], look["actor"]) for look in looks] == [("history", "staff-decider")] * 2


def test_personal_data_are_shown_only_with_a_reason(site: Site, decider: Clerk, code: str) -> None:
    site.take(code, "decider", "complained", text="Planted complaint")
    decider.opens(page_of(code))
    for secret in ("Bí Mật", "0912", "Planted"):
        assert secret not in decider.shown
    assert decider.sends(f"{page_of(code)}/personal-data", why=" ").status_code == 422
    assert decider.faults() == ["Xin điền mục này."]
    decider.sends(f"{page_of(code)}/personal-data", why="gọi điện cho người nộp")
    for secret in ("Nguyễn Thị Bí Mật", "0912 345 678", "Planted complaint"):
        assert secret in decider.shown
    looks = site.get(f"/v1/dossiers/{code}/readers", "auditor").json()["readers"]
    reasons = [look["reason"] for look in looks if look["what"] == "personal_data"]
    assert reasons == ["gọi điện cho người nộp"]


def test_the_contact_for_notifications_is_sealed_and_may_have_spaces(
    decider: Clerk, code: str
) -> None:
    decider.sends(
        step_of(code, "notices_agreed"),
        channels__sms="on",
        channels__email="on",
        contact__phone="0911 222 333",
        contact__email="con@vidu.vn",
    )
    decider.opens(page_of(code))
    assert "Tin nhắn SMS, Thư điện tử" in decider.shown
    assert "0911" not in decider.shown
    decider.sends(f"{page_of(code)}/personal-data", why="gọi điện cho người nộp")
    assert "<p>Nơi nhận tin: 0911 222 333, con@vidu.vn</p>" in decider.shown


def test_personal_data_of_other_offices_are_neither_offered_nor_shown(
    site: Site, code: str
) -> None:
    clerk = clerk_at(site)
    clerk.signs_in("other desk")
    clerk.opens(page_of(code))
    assert "personal-data" not in clerk.shown
    token = clerk.form("/desk/sign-out").hidden["token"]
    answer = clerk.sends(f"{page_of(code)}/personal-data", token=token, why="tò mò")
    assert answer.status_code == 403
    assert "Bí Mật" not in answer.text


def test_a_time_is_corrected_in_vietnamese_notation(decider: Clerk, code: str) -> None:
    answer = decider.sends(
        step_of(code, "corrected"), corrects="1", what="occurred_at", value="19/11/2026 08:30"
    )
    assert answer.status_code == 303
    dossier = decider.site.get(f"/v1/dossiers/{code}", "desk").json()
    assert dossier["received_at"] == "2026-11-19T08:30:00+07:00"


def test_a_page_of_every_stage_can_be_shown_in_both_languages(site: Site, code: str) -> None:
    lives: dict[str, list[tuple[str, str, dict[str, object]]]] = {
        "received": [
            ("decider", "notices_agreed", {"channels": ["sms", "email"], "language": "en"}),
            ("decider", "notices_stopped", {}),
        ],
        "refused": [("decider", "refused", {"reason": "x"})],
        "withdrawn": [("decider", "withdrawn", {})],
        "stopped": [("decider", "stopped", {"reason": "x"})],
        "waiting_for_fee": [("decider", "fee_asked", {"amount": 5, "reason": "x"})],
        "delivery_failed": [
            ("decider", "decided", {"outcome": "refused", "reason": "x", "document": "12/QĐ"}),
            ("decider", "handed_to_carrier", {"carrier": "VNPOST", "number": "X1"}),
            ("decider", "carrier_scanned", {"number": "X1", "scan": "EMH", "place": "Hà Nội"}),
        ],
    }
    clerk = clerk_at(site)
    clerk.signs_in("decider")
    for stage, life in lives.items():
        other = site.received()
        for who, step, what in life:
            assert site.take(other, who, step, **what).status_code == 201
        assert site.get(f"/v1/dossiers/{other}", "decider").json()["stage"] == stage
        for language in ("vi", "en"):
            assert clerk.opens(page_of(other), lang=language).status_code == 200


def test_every_step_has_its_command() -> None:
    assert set(Step) - set(COMMANDS) == {
        Step.SUBMITTED,
        Step.RECEIVED,
        Step.PERSONAL_DATA_ERASED,
    }
