"""The desk pages in a browser, with the keyboard only."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown

pytestmark = pytest.mark.system

WAYS = [(size, javascript) for size in SIZES for javascript in (True, False)]
PROCEDURE = "/desk/intake?procedure=2.001610"
NARROWEST = ViewportSize(width=320, height=640)
"""A 1280 px screen at 400 % zoom, the limit of WCAG 1.4.10."""
OPEN_ALL = "all => all.forEach(part => { part.removeAttribute('name'); part.open = true })"


def signs_in(page: Page, office: Office, who: str) -> None:
    page.goto("/desk")
    expect(page.get_by_label("Khóa của quầy")).to_be_focused()
    page.keyboard.type(office.keys[who])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Quầy làm việc")).to_be_visible()


def takes_shortcut(page: Page, key: str) -> None:
    """Press Alt and a digit. Playwright's own `press` sends no text, which access keys need."""
    pressed = {
        "type": "keyDown",
        "modifiers": 1,
        "key": key,
        "code": f"Digit{key}",
        "windowsVirtualKeyCode": ord(key),
        "text": key,
        "unmodifiedText": key,
    }
    page.context.new_cdp_session(page).send("Input.dispatchKeyEvent", pressed)


def tabs_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus."""
    wanted = page.get_by_label(name, exact=True).or_(page.get_by_role("button", name=name))
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus")).count():
            return
    pytest.fail(f"Tab never comes to {name}")


@pytest.mark.parametrize(("size", "javascript"), WAYS)
def test_a_dossier_is_received_with_the_keyboard_only(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    page = sits_down(size, javascript=javascript)
    signs_in(page, office, "desk")
    takes_shortcut(page, "1")
    expect(page.get_by_label("Tên hoặc mã thủ tục")).to_be_focused()
    page.keyboard.type("doanh nghiep tu nhan")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Họ và tên người nộp")).to_be_focused()
    page.keyboard.type("Nguyễn Thị An")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Số điện thoại")).to_be_focused()
    page.keyboard.type("0900 000 001")
    page.keyboard.press("Enter")
    receipt = page.get_by_role("status")
    expect(receipt).to_contain_text(re.compile(r"H26\.01-\d{6}-\d{4}"))
    expect(receipt).to_contain_text("Hẹn trả kết quả")
    expect(page.get_by_role("link", name="In giấy tiếp nhận").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Tên hoặc mã thủ tục")).to_be_focused()


@pytest.mark.parametrize(("size", "javascript"), WAYS)
def test_an_error_gets_the_focus_and_no_input_is_lost(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    page = sits_down(size, javascript=javascript)
    signs_in(page, office, "desk")
    page.goto(PROCEDURE)
    page.get_by_label("Họ và tên người nộp").fill("Nguyễn Thị An")
    page.get_by_label("Số điện thoại").fill("không có")
    page.keyboard.press("Enter")
    phone = page.get_by_label("Số điện thoại")
    expect(phone).to_be_focused()
    expect(phone).to_have_value("không có")
    expect(phone).to_have_accessible_description(re.compile("chỉ gồm chữ số"))
    expect(page.get_by_label("Họ và tên người nộp")).to_have_value("Nguyễn Thị An")
    page.get_by_role("alert").get_by_role("link", name="Số điện thoại").press("Enter")
    expect(phone).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("0900 000 001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã tiếp nhận")


def test_intake_works_in_english(sits_down: SitsDown, office: Office) -> None:
    page = sits_down("desk")
    signs_in(page, office, "desk")
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="Receive a dossier").click()
    page.keyboard.type("private enterprise")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Applicant's full name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Please fill this in.")
    page.keyboard.type("Nguyễn Thị An")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Promised date:")


@pytest.mark.parametrize(("size", "javascript"), WAYS)
def test_the_next_step_is_recorded_with_the_keyboard_only(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    code = office.takes_in()
    page = sits_down(size, javascript=javascript)
    signs_in(page, office, "decider")
    takes_shortcut(page, "2")
    expect(page.get_by_label("Mã hồ sơ")).to_be_focused()
    page.keyboard.type(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=code)).to_be_visible()
    page.get_by_text("Ra kết quả").first.focus()
    page.keyboard.press("Enter")
    tabs_to(page, "Kết quả")
    page.keyboard.press("ArrowDown")
    tabs_to(page, "Ra kết quả")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã có kết quả")
    expect(page.get_by_text("Đã có kết quả, chờ trả")).to_be_visible()


def test_the_second_of_two_officers_sees_the_event_of_the_first(
    sits_down: SitsDown, office: Office
) -> None:
    code = office.takes_in()
    first, second = sits_down("desk"), sits_down("desk")
    for page in (first, second):
        signs_in(page, office, "decider")
        page.goto(f"/desk/dossiers/{code}")
        page.get_by_text("Tạm dừng giải quyết").first.click()
        page.locator("#stopped-reason").fill("Chờ xác minh nhân thân")
    first.locator("#step-stopped button").click()
    expect(first.get_by_role("status")).to_contain_text("Đã tạm dừng giải quyết")
    second.locator("#step-stopped button").click()
    expect(second.get_by_role("alert")).to_contain_text("Có người vừa xử lý hồ sơ này trước")
    expect(second.locator("#stopped-reason")).to_have_value("Chờ xác minh nhân thân")
    expect(second.locator("li.new")).to_contain_text("Đã tạm dừng giải quyết")


def test_a_double_click_receives_one_dossier(sits_down: SitsDown, office: Office) -> None:
    page = sits_down("desk")
    signs_in(page, office, "desk")
    page.goto(PROCEDURE)
    page.get_by_label("Họ và tên người nộp").fill("Nguyễn Thị An")
    page.get_by_role("button", name="Nhận hồ sơ này").dblclick()
    receipt = page.get_by_role("status")
    expect(receipt).to_contain_text("Đã tiếp nhận")
    first = receipt.inner_text()
    page.go_back()
    page.go_forward()
    assert receipt.inner_text() == first


@pytest.mark.parametrize("size", SIZES)
def test_the_dossier_page_of_the_desk_has_no_barriers(
    sits_down: SitsDown, office: Office, size: str
) -> None:
    code = office.takes_in()
    page = sits_down(size)
    page.goto("/desk/sign-in")
    assert barriers(page) == []
    signs_in(page, office, "decider")
    pages = ("/desk", "/desk/intake", "/desk/dossiers", f"/desk/dossiers/{code}?done=received")
    for address in (*pages, f"/desk/dossiers/{code}?lang=en", "/desk/dossiers/x"):
        page.goto(address)
        assert barriers(page) == [], address
    page.goto(f"/desk/dossiers/{code}?lang=vi")
    page.locator(".to-do details").evaluate_all(OPEN_ALL)
    assert barriers(page) == []
    page.locator("#step-corrected button").click()
    assert barriers(page) == []
    page.set_viewport_size(NARROWEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


@pytest.mark.parametrize("size", SIZES)
def test_the_intake_page_has_no_barriers(sits_down: SitsDown, office: Office, size: str) -> None:
    page = sits_down(size)
    signs_in(page, office, "desk")
    for address in ("/desk/intake", "/desk/intake?procedure=dang+ky", PROCEDURE):
        page.goto(address)
        assert barriers(page) == [], address
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert barriers(page) == []
    page.set_viewport_size(NARROWEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
