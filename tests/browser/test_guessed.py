"""The look-up page after wrong attempts of another person: it needs a check, then opens."""

import re
from itertools import count
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import barriers
from tests.browser.conftest import Office, SitsDown
from tests.serving import PATIENCE_S

pytestmark = pytest.mark.system

_STRANGERS = count(1)


def guessed_at(office: Office) -> str:
    """Return a dossier after five wrong attempts from another network."""
    code = office.takes_in()
    stranger = httpx2.HTTPTransport(local_address=f"127.77.{next(_STRANGERS)}.1")
    with httpx2.Client(transport=stranger, timeout=PATIENCE_S) as client:
        for _ in range(5):
            answer = client.post(f"{office.address}/h", data={"code": code, "digits": "9999"})
            assert answer.status_code == 403
    return code


def type_digits(page: Page, code: str) -> None:
    page.goto(f"/?code={code}")
    page.get_by_label("4 số cuối điện thoại").fill("0123")
    page.get_by_role("button", name="Xem đầy đủ").click()


def test_the_browser_solves_the_check_and_the_dossier_opens(
    sits_down: SitsDown, office: Office
) -> None:
    page, code = sits_down(), guessed_at(office)
    type_digits(page, code)
    page.wait_for_url("**/h/**")
    page.wait_for_url(re.compile(r"/h/.+/.+"))
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.get_by_text("có người nhập sai nhiều lần")).to_be_visible()


def test_without_javascript_the_full_phone_number_opens_it(
    sits_down: SitsDown, office: Office
) -> None:
    page, code = sits_down(javascript=False), guessed_at(office)
    type_digits(page, code)
    expect(page.get_by_role("alert")).to_contain_text("Hồ sơ không bị khóa")
    expect(page.get_by_text("Máy của ông/bà đang tự kiểm tra")).to_be_hidden()
    page.get_by_label("Cả số điện thoại đã ghi khi nộp hồ sơ").fill("0900 000 123")
    page.get_by_role("button", name="Xem đầy đủ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(code)


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_the_page_with_the_check_has_no_barriers(
    sits_down: SitsDown, office: Office, size: str, scheme: str, tmp_path: Path
) -> None:
    page, code = sits_down(size), guessed_at(office)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.route("**/assets/work.js*", lambda route: route.fulfill(body=""))
    type_digits(page, code)
    expect(page.get_by_role("alert")).to_be_visible()
    page.evaluate("document.getElementById('working').hidden = false")
    page.screenshot(path=tmp_path / "asked.png", full_page=True)
    assert barriers(page) == []
