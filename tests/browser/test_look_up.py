"""The citizen pages in a browser: look-up by code, phone digits, and the rating."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown

pytestmark = pytest.mark.system

EVERYWHERE = pytest.mark.parametrize(
    ("size", "javascript"),
    [(size, javascript) for size in SIZES for javascript in (True, False)],
)


def open_own_page(page: Page, code: str) -> None:
    """Open the dossier page with the code and the last digits of the phone."""
    page.goto(f"/?code={code}")
    page.get_by_label("4 số cuối điện thoại").fill("0123")
    page.get_by_role("button", name="Xem đầy đủ").click()
    page.wait_for_url("**/h/**")


def returned(office: Office) -> str:
    code = office.takes_in()
    office.does(code, "decided", outcome="granted")
    office.does(code, "handed_to_carrier", carrier="VNPOST", number="RR473124829VN")
    office.does(code, "delivered")
    return code


@EVERYWHERE
def test_a_code_with_typing_errors_is_answered(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    code = office.takes_in()
    page = sits_down(size, javascript=javascript)
    page.goto("/")
    page.get_by_label("Mã hồ sơ").fill(code.lower().replace("-", " ").replace("0", "o"))
    page.get_by_role("button", name="Xem hồ sơ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.get_by_text("Ông/bà không phải làm gì")).to_be_visible()
    expect(page.get_by_text("ngày làm việc")).to_be_visible()


@EVERYWHERE
def test_a_citizen_opens_the_dossier_and_rates_it(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    page = sits_down(size, javascript=javascript)
    open_own_page(page, returned(office))
    expect(page.get_by_text("Mọi việc đã xong")).to_be_visible()
    expect(page.get_by_text("RR473124829VN")).to_be_visible()
    page.get_by_text("Vì sao là ngày này?").click()
    expect(page.get_by_text("Tiếp nhận lúc")).to_be_visible()
    page.get_by_label("5 \N{EN DASH} Rất hài lòng").check()
    page.get_by_label("Vì sao? (không bắt buộc)").fill("Nhanh và lịch sự.")
    page.get_by_role("button", name="Gửi đánh giá").click()
    expect(page.get_by_text("Ông/bà đã cho 5 trên 5 điểm")).to_be_visible()


def test_all_pages_work_with_the_keyboard_only(sits_down: SitsDown, office: Office) -> None:
    code = returned(office)
    page = sits_down("desk")
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    while not page.evaluate("document.activeElement.name === 'digits'"):
        page.keyboard.press("Tab")
    page.keyboard.type("0123")
    page.keyboard.press("Enter")
    page.wait_for_url("**/h/**")
    while not page.evaluate("document.activeElement.name === 'score'"):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ông/bà đã cho 5 trên 5 điểm")).to_be_visible()


def test_an_open_page_shows_new_events(sits_down: SitsDown, office: Office) -> None:
    code = office.takes_in()
    by_code, by_link = sits_down(), sits_down("desk")
    by_code.goto(f"/?code={code}")
    open_own_page(by_link, code)
    office.does(code, "supplement_asked", reason="Thiếu giấy khai sinh")
    expect(by_code.get_by_text("Ông/bà cần bổ sung giấy tờ")).to_be_visible()
    expect(by_link.get_by_role("heading", name="Việc ông/bà cần làm")).to_be_visible()
    office.does(code, "supplement_received")
    expect(by_link.get_by_role("heading", name="Việc ông/bà cần làm")).to_be_hidden()
    office.does(code, "decided", outcome="granted")
    office.does(code, "collected", at_office="CN01")
    expect(by_link.get_by_role("button", name="Gửi đánh giá")).to_be_visible()


def test_english_is_kept_after_one_click(sits_down: SitsDown, office: Office) -> None:
    page = sits_down()
    open_own_page(page, office.takes_in())
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("You do not need to do anything.")).to_be_visible()
    page.get_by_role("link", name="Look up another dossier").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where is my dossier?")


def test_digits_can_be_entered_again_after_an_error(sits_down: SitsDown, office: Office) -> None:
    code = office.takes_in()
    page = sits_down()
    page.goto(f"/?code={code}")
    page.get_by_label("4 số cuối điện thoại").fill("9999")
    page.get_by_role("button", name="Xem đầy đủ").click()
    expect(page.get_by_role("alert")).to_contain_text("Chưa mở được hồ sơ.")
    page.get_by_label("4 số cuối điện thoại").fill("0123")
    page.get_by_role("button", name="Xem đầy đủ").click()
    page.wait_for_url("**/h/**")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_the_citizen_pages_have_no_barriers(
    sits_down: SitsDown, office: Office, size: str, scheme: str
) -> None:
    waiting = office.takes_in()
    office.does(
        waiting,
        "promise_extended",
        due_at="2030-01-10T17:00:00+07:00",
        reason="Cần xác minh thêm",
        signer="X",
    )
    office.does(waiting, "fee_asked", amount=150_000, reason="Lệ phí")
    page = sits_down(size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_own_page(page, waiting)
    assert barriers(page) == []
    open_own_page(page, returned(office))
    assert barriers(page) == []
    page.goto("/h/H26.01-261122-0001/" + "a" * 26)
    assert barriers(page) == []
    for address in ("/", "/?code=H26.01-000000-0000", f"/?code={waiting}&lang=en", "/figures"):
        page.goto(address)
        assert barriers(page) == []


def test_nothing_is_cut_off_at_200_per_cent(sits_down: SitsDown, office: Office) -> None:
    code = returned(office)
    page = sits_down("phone")
    open_own_page(page, code)
    page.set_viewport_size({"width": 195, "height": 422})
    for address in (page.url, f"/?code={code}", "/figures"):
        page.goto(address)
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, address


def test_a_page_loads_nothing_from_other_sites(sits_down: SitsDown, office: Office) -> None:
    page = sits_down()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_own_page(page, returned(office))
    assert asked
    assert [url for url in asked if not url.startswith(office.address)] == []
    assert page.evaluate("document.referrer") == ""
    assert not re.search(r"(?i)google|cdn", " ".join(asked))


@pytest.mark.parametrize("size", SIZES)
def test_a_first_visit_loads_less_than_30_kilobytes(
    sits_down: SitsDown, office: Office, size: str
) -> None:
    code = office.takes_in()
    page = sits_down(size)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  Playwright needs a function
    page.goto(f"/?code={code}", wait_until="load")
    finite = [answer for answer in answers if answer.request.resource_type != "eventsource"]
    kinds = {answer.request.resource_type for answer in finite}
    assert {"document", "stylesheet", "script"} <= kinds
    assert sum(len(answer.body()) for answer in finite) < 30_000
