"""The register page and the export page of the desk."""

import zipfile

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import barriers
from tests.browser.conftest import SIZES, Office, SitsDown
from tests.browser.test_desk import NARROWEST, signs_in, takes_shortcut

pytestmark = pytest.mark.system


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("address", ["/desk/register", "/desk/export"])
def test_the_list_pages_have_no_barriers(
    sits_down: SitsDown, office: Office, size: str, address: str
) -> None:
    page = sits_down(size)
    signs_in(page, office, "auditor")
    for language in ("vi", "en"):
        page.goto(f"{address}?lang={language}")
        assert barriers(page) == [], language
    page.set_viewport_size(NARROWEST)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST["width"]


def test_an_auditor_exports_a_dossier_with_the_keyboard_only(
    sits_down: SitsDown, office: Office
) -> None:
    code = office.takes_in()
    page = sits_down("desk")
    signs_in(page, office, "auditor")
    takes_shortcut(page, "5")
    box = page.get_by_label("Chỉ hồ sơ mang mã")
    box.fill(code)
    with page.expect_download() as coming:
        box.press("Enter")
    with zipfile.ZipFile(coming.value.path()) as archive:
        assert {"events.ndjson", "manifest.json"} <= {*archive.namelist()}
        assert code.encode() in archive.read("events.ndjson")
    expect(page.get_by_role("heading", name="Lấy hồ sơ ra")).to_be_visible()
