"""The figures page of auditors."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown
from tests.browser.test_desk import NARROWEST, WAYS, signs_in, takes_shortcut

pytestmark = pytest.mark.system


@pytest.fixture
def code(office: Office) -> str:
    """Return a dossier received three days ago and recorded now."""
    return office.takes_in(occurred_at=(datetime.now(UTC) - timedelta(days=3)).isoformat())


@pytest.mark.parametrize(("size", "javascript"), WAYS)
def test_a_difference_links_to_its_event(
    sits_down: SitsDown, office: Office, code: str, size: str, javascript: bool
) -> None:
    page = sits_down(size, javascript=javascript)
    signs_in(page, office, "auditor")
    takes_shortcut(page, "3")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    page.get_by_label("So với những gì đã biết cuối ngày").fill(yesterday)
    page.keyboard.press("Enter")
    change = page.locator(".changes li", has_text=code)
    expect(change).to_contain_text("Nay tính: đã tiếp nhận; đang giải quyết")
    change.get_by_role("link", name="việc số 1").click()
    expect(page.get_by_role("heading", name=code)).to_be_visible()
    expect(page.locator("#event-1")).to_be_in_viewport()


@pytest.mark.parametrize("size", SIZES)
def test_the_figures_page_has_no_barriers(
    sits_down: SitsDown, office: Office, code: str, size: str
) -> None:
    del code
    page = sits_down(size)
    signs_in(page, office, "auditor")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    for address in ("", f"?then={yesterday}&by=office", f"?then={yesterday}&lang=en"):
        page.goto(f"/desk/figures{address}")
        assert barriers(page) == [], address
    expect(page.get_by_role("heading", name="Why figures changed")).to_be_visible()
    page.set_viewport_size(NARROWEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]
