"""The citizen's dossier page: its content, its access and the protection against guessing."""

import re
from datetime import timedelta
from math import inf
from time import perf_counter

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.guessers import proof_of
from tests.http.site import NOON, Site
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.events.citizen import Rated
from tracker.serialization import decode

APPLICANT = {
    "name": "Planted Name",
    "phone": "0909 123 456",
    "address": "Planted street 7",
    "id_number": "001099123456",
    "email": "planted@example.org",
}
NEVER = ("Planted Name", "123 456", "123456", "Planted street", "planted@example.org")
STAFF = ("staff-desk", "staff-decider", "admin-1", "agent-1", "clerk-7", "Planted Signer")


def owned(site: Site, who: str = "desk", **changes: object) -> tuple[str, str]:
    """Return the code of a new dossier and the address of its page."""
    code = site.received(who, applicant=APPLICANT, **changes)
    return code, site.installation.receipts.path(code)


def page_text(site: Site, path: str, **params: str) -> str:
    page = site.get(path, **params)
    assert page.status_code == 200, page.text
    return page.text


def tried(site: Site, code: str, digits: str, proof: str = "") -> Response:
    typed = {"code": code, "digits": digits, "proof": proof}
    return site.client.post("/h", data=typed, follow_redirects=False)


def through_life(site: Site, code: str) -> None:
    all_powerful = "administrator"
    site.take(code, all_powerful, "internal_step_taken", name="Planted work", clerk="clerk-7")
    site.take(
        code,
        all_powerful,
        "supplement_asked",
        reason="Thiếu giấy khai sinh",
        papers=[{"name": "Giấy khai sinh", "form": "original", "quantity": 2}],
    )
    site.take(code, all_powerful, "supplement_received")
    site.take(
        code,
        all_powerful,
        "promise_extended",
        due_at="2026-12-15T17:00:00+07:00",
        reason="Cần xác minh thêm",
        signer="Planted Signer",
    )
    site.take(code, all_powerful, "decided", outcome="granted")
    site.take(code, all_powerful, "handed_to_carrier", carrier="VNPOST", number="RR473124829VN")


# content


def test_the_owner_sees_all_events_with_reasons_papers_and_parcel(site: Site) -> None:
    code, path = owned(site)
    through_life(site, code)
    page = page_text(site, path)
    for text in (
        code,
        "Kết quả đang trên đường đến ông/bà",
        "Thiếu giấy khai sinh",
        "Giấy khai sinh \N{EN DASH} 2 bản chính",
        "Cần xác minh thêm",
        "Thứ Ba, ngày 15/12/2026",
        "RR473124829VN",
        "Chi nhánh số 1",
        "Đăng ký thành lập doanh nghiệp",
    ):
        assert text in page


def test_the_due_time_of_papers_is_shown_only_if_it_was_set(site: Site) -> None:
    for due, is_shown in (({}, False), ({"papers_due_at": "2026-12-04T17:00:00+07:00"}, True)):
        code, path = owned(site)
        site.take(code, "decider", "supplement_asked", reason="Thiếu giấy", **due)
        for language, words in (("vi", "Nộp chậm nhất"), ("en", "Hand them in by")):
            assert (words in page_text(site, path, lang=language)) is is_shown
        page = page_text(site, path, lang="vi")
        assert ("17:00, Thứ Sáu, ngày 04/12/2026" in page) is is_shown
        assert "Ngày hẹn trả: Thứ Sáu, ngày 04/12/2026" not in page


def test_the_due_time_of_a_fee_is_shown_only_if_it_was_set(site: Site) -> None:
    for due, is_shown in (({}, False), ({"fee_due_at": "2026-12-04T17:00:00+07:00"}, True)):
        code, path = owned(site)
        site.take(code, "decider", "fee_asked", amount=50_000, reason="Lệ phí", **due)
        assert (
            "Nộp phí chậm nhất lúc 17:00, Thứ Sáu, ngày 04/12/2026"
            in page_text(site, path, lang="vi")
        ) is is_shown
        assert ("Pay by 17:00" in page_text(site, path, lang="en")) is is_shown


def test_after_the_due_time_the_page_says_whom_to_ask(site: Site) -> None:
    code, path = owned(site)
    due = site.now[0] + timedelta(hours=1)
    site.take(code, "decider", "fee_asked", amount=5, reason="x", fee_due_at=due.isoformat())
    assert "Hạn này đã qua" not in page_text(site, path, lang="vi")
    site.now[0] += timedelta(minutes=61)
    assert "Hạn này đã qua: xin hỏi nơi tiếp nhận." in page_text(site, path)


def test_the_page_names_no_owner_no_staff_and_no_agent(site: Site) -> None:
    code, path = owned(site, "agent", procedure="1.000894")
    through_life(site, code)
    site.get(f"/v1/dossiers/{code}", "agent")
    page = page_text(site, path)
    for private in (*NEVER, *STAFF, "Planted work", "DL-VNPOST-001", "Bưu cục Hoàn Kiếm"):
        assert private not in page
    assert "Chi nhánh số 1" in page


def test_a_request_is_shown_with_reason_and_instructions(site: Site) -> None:
    code, path = owned(site)
    site.take(code, "decider", "fee_asked", amount=150_000, reason="Lệ phí đăng ký")
    page = page_text(site, path)
    assert "Việc ông/bà cần làm" in page
    assert "Nộp 150.000 đồng:" in page
    assert "Lệ phí đăng ký" in page
    site.take(code, "desk", "fee_paid", amount=150_000, reference="x-1")
    assert "Việc ông/bà cần làm" not in page_text(site, path)


def test_an_apology_comes_first_with_its_reason_and_the_new_date(site: Site) -> None:
    code, path = owned(site)
    site.take(
        code,
        "decider",
        "promise_extended",
        due_at="2026-12-15T17:00:00+07:00",
        reason="Cần xác minh thêm",
        signer="X",
    )
    page = page_text(site, path)
    apology, date = page.index("Chúng tôi xin lỗi"), page.index("Thứ Ba, ngày 15/12/2026")
    assert apology < page.index("Cần xác minh thêm") < date < page.index("Ngày hẹn đầu tiên")


def test_a_broken_promise_is_an_apology_with_the_days_it_is_late(site: Site) -> None:
    _, path = owned(site)
    site.now[0] = NOON + timedelta(days=12)
    page = page_text(site, path)
    assert "Chúng tôi xin lỗi ông/bà." in page
    assert "Đã quá hạn 2 ngày làm việc." in page


def test_the_date_is_explained_in_the_language_of_the_reader(site: Site) -> None:
    _, path = owned(site)
    assert "Tiếp nhận lúc 12:00 ngày 20/11/2026" in page_text(site, path)
    assert "Received 20 Nov 2026 12:00" in page_text(site, path, lang="en")


def test_the_owner_sees_which_office_viewed_the_dossier_and_when(site: Site) -> None:
    code, path = owned(site)
    site.get(f"/v1/dossiers/{code}", "other desk")
    site.get(f"/v1/dossiers/{code}", "auditor")
    page = page_text(site, path)
    assert "Cán bộ đã xem 2 lần" in page
    assert "12:00 ngày 20/11/2026</time>: Chi nhánh số 2" in page
    assert "kiểm tra nội bộ" in page
    assert "staff-other" not in page
    assert "mở dữ liệu cá nhân" not in page


def test_the_owner_sees_that_personal_data_were_opened_but_not_the_reason(
    site: Site,
) -> None:
    code, path = owned(site)
    site.get(f"/v1/dossiers/{code}/personal-data", "auditor", reason="đơn của ông Ba")
    page = page_text(site, path)
    assert "kiểm tra nội bộ, mở dữ liệu cá nhân, có ghi lý do</li>" in page
    assert "ông Ba" not in page


# access


def test_the_link_opens_until_90_days_after_the_return(site: Site) -> None:
    code, path = owned(site)
    site.take(code, "decider", "decided", outcome="granted")
    site.take(code, "desk", "collected")
    site.now[0] = NOON + timedelta(days=90)
    assert site.get(path).status_code == 200
    site.now[0] += timedelta(seconds=1)
    assert site.get(path).status_code == 403


def test_the_link_opens_nothing_after_erasure_or_revocation(site: Site) -> None:
    (erased, its_path), (revoked, old_path) = owned(site), owned(site)
    container = site.installation
    administrator = container.keys.actor_of(site.keys["administrator"])
    container.tracker.erase_personal_data(administrator, erased, event_id="e", basis="asked")
    container.receipts.revoke(revoked)
    for path in (its_path, old_path):
        assert site.get(path).status_code == 403
    assert site.get(container.receipts.path(revoked)).status_code == 200


def test_another_dossiers_token_opens_nothing(site: Site) -> None:
    (code, _), (_, other) = owned(site), owned(site)
    assert site.get(f"/h/{code}/{other.rsplit('/', 1)[1]}").status_code == 403


def test_a_scanned_link_typed_into_the_code_field_leads_to_the_page(site: Site) -> None:
    code, path = owned(site)
    link = site.installation.receipts.link(code)
    assert site.get("/", code=link).url.path == path


def test_the_phones_last_digits_lead_to_the_page(site: Site) -> None:
    code, path = owned(site)
    for written in (code, f" {code.lower()} "):
        answer = tried(site, written, " 3456 ")
        assert (answer.status_code, answer.headers["Location"]) == (303, path)


@pytest.mark.parametrize("digits", ["3457", "123456", "", "56", "\N{ARABIC-INDIC DIGIT ONE}456"])
def test_wrong_digits_are_refused(site: Site, digits: str) -> None:
    code, _ = owned(site)
    assert tried(site, code, digits).status_code == 403


def test_a_dossier_without_a_phone_refuses_all_digits(site: Site) -> None:
    code = site.received(applicant={"name": "An"})
    for digits in ("", "0000"):
        assert tried(site, code, digits).status_code == 403


def test_a_wrong_code_and_wrong_digits_get_the_same_answer(site: Site) -> None:
    code, _ = owned(site)
    wrong_digits, no_code = tried(site, code, "0000"), tried(site, "H26.01-261120-0999", "0000")
    assert wrong_digits.status_code == no_code.status_code == 403
    assert wrong_digits.text.replace(code, "") == no_code.text.replace("H26.01-261120-0999", "")


def test_a_wrong_code_and_wrong_digits_take_the_same_time(site: Site) -> None:
    codes = [owned(site)[0] for _ in range(12)]
    unknown = [f"H26.01-261120-{number}" for number in range(7000, 7012)]
    quickest = [inf, inf]  # the minimum is the least disturbed by other processes
    for number, codes_of_both in enumerate(zip(codes, unknown, strict=True)):
        for kind, code in enumerate(codes_of_both):
            client = TestClient(site.client.app, client=(f"10.{number}.{kind}.1", 5000))
            began = perf_counter()
            answer = client.post("/h", data={"code": code, "digits": "0000"})
            assert answer.status_code == 403
            quickest[kind] = min(quickest[kind], perf_counter() - began)
        if abs(quickest[0] - quickest[1]) < 0.02:
            break
    assert abs(quickest[0] - quickest[1]) < 0.02
    assert min(quickest) >= 0.4


def test_after_five_misses_the_owner_is_warned_and_still_has_access(site: Site) -> None:
    code, path = owned(site)
    for _ in range(5):
        assert tried(site, code, "0000").status_code == 403
    page = page_text(site, path)
    assert "Lúc 12:00 ngày 20/11/2026 có người nhập sai nhiều lần" in page
    asked = tried(site, code, "3456")
    assert asked.status_code == 429
    proof = proof_of(asked.json()["challenge"])
    assert tried(site, code, "3456", proof).status_code == 303


def test_a_right_attempt_resets_the_misses(site: Site) -> None:
    code, path = owned(site)
    for _ in range(2):
        for _ in range(2):
            tried(site, code, "0000")
        assert tried(site, code, "3456").status_code == 303
    assert "có người nhập sai" not in page_text(site, path)


# rating


def returned(site: Site) -> tuple[str, str]:
    code, path = owned(site)
    site.take(code, "decider", "decided", outcome="granted")
    site.take(code, "desk", "collected")
    return code, path


def ratings(site: Site, code: str) -> list[Rated]:
    stored = site.installation.tracker.store.select_events(dossier_id(code))
    events = [decode(record.topic, record.state) for record in stored]
    return [event for event in events if isinstance(event, Rated)]


def rate(site: Site, path: str, **form: str) -> Response:
    return site.client.post(f"{path}/rating", data=form)


def test_the_owner_rates_once_after_the_return(site: Site) -> None:
    code, path = returned(site)
    assert "Gửi đánh giá" in page_text(site, path)
    page = rate(site, path, score="4", reason="Nhanh,\r\nlịch sự")
    assert page.url.path == path
    assert "Ông/bà đã cho 4 trên 5 điểm" in page.text
    assert "Gửi đánh giá" not in page.text
    rate(site, path, score="1")
    (rating,) = ratings(site, code)
    assert rating.score == 4
    assert rating.by.role == "citizen"
    assert rating.by.id == f"citizen:{dossier_id(code).hex}"
    opened = site.get(f"/v1/dossiers/{code}/personal-data", "administrator", reason="test").json()
    assert "Nhanh,\nlịch sự" in [entry["text"] for entry in opened["entries"]]


def test_a_dossier_cannot_be_rated_before_the_return(site: Site) -> None:
    code, path = owned(site)
    assert "Gửi đánh giá" not in page_text(site, path)
    rate(site, path, score="5")
    assert ratings(site, code) == []


@pytest.mark.parametrize("form", [{}, {"score": "6"}, {"score": "0"}, {"score": "4.5"}])
def test_an_invalid_rating_is_an_error_at_its_field(site: Site, form: dict[str, str]) -> None:
    code, path = returned(site)
    page = rate(site, path, reason="Giữ lại câu này", **form)
    assert page.status_code == 422
    assert "Xin chọn một mức từ 1 đến 5" in page.text
    assert "Giữ lại câu này" in page.text
    assert ratings(site, code) == []


def test_a_rating_needs_the_link(site: Site) -> None:
    code, path = returned(site)
    assert rate(site, path[:-1], score="1").status_code == 403
    assert ratings(site, code) == []


# size


def test_a_first_visit_loads_less_than_30_kilobytes(site: Site) -> None:
    code, path = returned(site)
    through_life(site, code)
    page = page_text(site, path)
    loaded = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page))
    assert len(loaded) == 3
    size = len(page.encode()) + sum(len(site.get(link).content) for link in loaded)
    assert size < 30_000


def test_too_many_requests_get_an_error_page_with_retry_after(site: Site) -> None:
    code, _ = owned(site)
    site.caught_up()
    answers = [site.client.get("/", params={"code": code}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    refused = site.client.get("/", params={"code": code}, headers={"Accept": "text/html"})
    assert "Có quá nhiều lượt hỏi" in refused.text
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    problem = site.get(f"/v1/lookup/{code}")
    assert (problem.status_code, problem.json()["type"]) == (429, "/problems/asked-too-often")
    assert 0 < int(problem.headers["Retry-After"]) <= 60
    assert site.get(f"/v1/lookup/{code.lower()}").status_code == 429
