import pytest
from playwright.sync_api import expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown

pytestmark = pytest.mark.system


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_a_code_typed_in_is_answered(
    sits_down: SitsDown, office: Office, size: str, javascript: bool
) -> None:
    code = office.takes_in()
    page = sits_down(size, javascript=javascript)
    page.goto("/")
    page.get_by_label("Mã hồ sơ").fill(code)
    page.get_by_role("button", name="Xem hồ sơ").click()
    expect(page.get_by_role("heading", name=code)).to_be_visible()
    expect(page.get_by_text("Ông/bà không phải làm gì")).to_be_visible()


def test_nobody_is_kept_out_of_the_page(sits_down: SitsDown, office: Office) -> None:
    code = office.takes_in()
    page = sits_down()
    for address in ("/", "/?code=H26.01-000000-0000", f"/?code={code}", "/figures", "/?lang=en"):
        page.goto(address)
        assert barriers(page) == []
