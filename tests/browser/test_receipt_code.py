"""The QR code of a receipt, read from the screen and from the printed PDF."""

from io import BytesIO

import httpx2
import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Office, SitsDown
from tests.browser.test_desk import signs_in
from tests.serving import PATIENCE_S

pytestmark = pytest.mark.system


def receipt_of(page: Page, office: Office) -> str:
    """Receive a dossier, open its receipt, and return its code."""
    code = office.takes_in()
    signs_in(page, office, "desk")
    page.goto(f"/desk/dossiers/{code}")
    page.get_by_role("link", name="In giấy tiếp nhận").click()
    expect(page.get_by_text("GIẤY TIẾP NHẬN HỒ SƠ")).to_be_visible()
    return code


def link_in(picture: Image.Image) -> str:
    (barcode,) = zxingcpp.read_barcodes(picture)
    assert barcode.format == zxingcpp.BarcodeFormat.QRCode
    return barcode.text


def opens_the_dossier(page: Page, link: str, code: str) -> None:
    """Open the link in a browser without a session."""
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text(code)
    expect(page.get_by_text("Đăng ký thành lập doanh nghiệp tư nhân").first).to_be_visible()


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_code_on_the_screen_opens_the_dossier(
    sits_down: SitsDown, office: Office, size: str
) -> None:
    page = sits_down(size)
    code = receipt_of(page, office)
    picture = Image.open(BytesIO(page.screenshot(full_page=True)))
    opens_the_dossier(sits_down(), link_in(picture), code)


def test_the_code_on_paper_opens_the_dossier(sits_down: SitsDown, office: Office) -> None:
    page = sits_down("desk")
    code = receipt_of(page, office)
    address = page.get_by_role("link", name="Tải tệp PDF").get_attribute("href")
    headers = {"Authorization": f"Bearer {office.keys['desk']}"}
    pdf = httpx2.get(f"{office.address}{address}", headers=headers, timeout=PATIENCE_S).content
    printed = pypdfium2.PdfDocument(pdf)[0].render(scale=100 / 72).to_pil()
    opens_the_dossier(sits_down(), link_in(printed), code)
