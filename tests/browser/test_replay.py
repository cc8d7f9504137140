"""The history page of auditors, with the keyboard only."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown
from tests.browser.test_desk import NARROWEST, WAYS, signs_in, takes_shortcut

pytestmark = pytest.mark.system

STATE = "tr:has(th:text('Tình trạng')) td"


@pytest.fixture
def code(office: Office) -> str:
    """Return a dossier whose decision was recorded one hour late."""
    code = office.takes_in(occurred_at=(datetime.now(UTC) - timedelta(hours=2)).isoformat())
    office.does(code, "processing_started")
    early = datetime.now(UTC) - timedelta(hours=1)
    office.does(code, "decided", outcome="granted", occurred_at=early.isoformat())
    return code


def opens_replay(page: Page, office: Office, code: str) -> None:
    signs_in(page, office, "auditor")
    takes_shortcut(page, "2")
    expect(page.get_by_label("Mã hồ sơ")).to_be_focused()
    page.keyboard.type(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=code)).to_be_visible()


@pytest.mark.parametrize(("size", "javascript"), WAYS)
def test_the_sliders_move_through_the_history(
    sits_down: SitsDown, office: Office, code: str, size: str, javascript: bool
) -> None:
    page = sits_down(size, javascript=javascript)
    opens_replay(page, office, code)
    expect(page.get_by_text("ghi muộn 1 giờ")).to_be_visible()
    state = page.locator(STATE)
    expect(state).to_have_text(["Đã tiếp nhận, chờ giải quyết", "Đã có kết quả, chờ trả"])
    slider = page.locator("#known_at_2")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    if javascript:
        expect(page.locator("#known_at_2-at")).not_to_have_text("bây giờ")
    else:
        page.keyboard.press("Enter")
    expect(state.last).to_have_text("Đang giải quyết")
    expect(page.get_by_role("status")).to_contain_text("khác nhau ở")
    if javascript:
        expect(slider).to_be_focused()
    shown = page.locator("#compared").inner_text()
    page.reload()
    expect(page.locator("#compared")).to_have_text(shown, use_inner_text=True)


@pytest.mark.parametrize("size", SIZES)
def test_the_history_page_has_no_barriers(
    sits_down: SitsDown, office: Office, code: str, size: str
) -> None:
    page = sits_down(size)
    opens_replay(page, office, code)
    assert barriers(page) == []
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("recorded 1 hour late")).to_be_visible()
    page.get_by_role("link", name="Before and after event 3 was recorded").click()
    expect(page.get_by_text("only at moment 2")).to_have_count(1)
    assert barriers(page) == []
    page.set_viewport_size(NARROWEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
