import sys
import unicodedata
from datetime import timedelta
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader

from tests.http.site import Site
from tracker.adapters.paper.sheets import money

NAME = "Nguyễn Thị Ngọc Huyền"
MEAN = '<b>#eval("1") & ễ*đ_</b>'
APPLICANT = {
    "name": unicodedata.normalize("NFD", NAME),
    "phone": "0900 000 001",
    "id_number": "001099000001",
    "address": MEAN,
}


def text_of(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def a_life(site: Site) -> str:
    """Return a dossier that has every form except the refusal."""
    code = site.received(applicant=APPLICANT, papers=[{"name": "Tờ khai", "form": "original"}])
    site.take(code, "decider", "supplement_asked", reason="thiếu giấy", basis="Nghị định 1")
    site.take(code, "decider", "stopped", reason="chờ tòa án")
    site.take(code, "decider", "resumed")
    site.take(
        code,
        "decider",
        "promise_extended",
        due_at="2026-12-25T17:00:00+07:00",
        reason="bão lũ",
        signer="Trần Văn Được",
    )
    return code


def refused(site: Site) -> str:
    code = site.received(applicant=APPLICANT)
    site.take(code, "desk", "refused", reason="sai thẩm quyền", basis="Điều 5")
    return code


SAYS = {
    "01": ["GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", NAME, "001099000001", "Tờ khai", MEAN],
    "02": ["YÊU CẦU BỔ SUNG", NAME, "thiếu giấy", "Nghị định 1"],
    "03": ["TỪ CHỐI TIẾP NHẬN", NAME, "sai thẩm quyền", "Điều 5"],
    "04": [
        "XIN LỖI",
        NAME,
        "bão lũ",
        "ngày 25 tháng 12 năm 2026",
        "Trần Văn Được",
        "xin lỗi ông/bà",
    ],
    "05": ["DỪNG GIẢI QUYẾT", NAME, "chờ tòa án"],
    "06": ["PHIẾU KIỂM SOÁT", "Chi nhánh số 1", "12:00 20/11/2026", "Đang giữ", "Còn hạn"],
}
EVERYWHERE = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"]


@pytest.mark.parametrize("number", SAYS)
def test_the_page_and_the_pdf_of_a_form_have_the_same_facts(site: Site, number: str) -> None:
    code = refused(site) if number == "03" else a_life(site)
    path = f"/v1/dossiers/{code}/forms/{number}"
    page = site.get(path, "administrator")
    assert page.status_code == 200
    sheet = page.text[page.text.index("<article") : page.text.index("</article>") + 10]
    text = " ".join("".join(ET.fromstring(sheet).itertext()).split())  # noqa: S314  our own XML
    pdf = site.get(path + ".pdf", "administrator")
    assert pdf.headers["Content-Type"] == "application/pdf"
    set_text = text_of(pdf.content)
    for fact in [*SAYS[number], *EVERYWHERE, code]:
        assert fact in text
        # the PDF breaks lines within words like `ông/bà`
        assert fact.replace(" ", "") in set_text.replace(" ", "")
    assert unicodedata.is_normalized("NFC", page.text)


def test_the_pdf_is_tagged_and_archivable_with_embedded_fonts(site: Site) -> None:
    code = a_life(site)
    pdf = PdfReader(BytesIO(site.get(f"/v1/dossiers/{code}/forms/01.pdf", "desk").content))
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712  pypdf's own boolean type
    assert root["/Lang"] == "vi"
    xmp = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    page: Any = pdf.pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        inner = font["/DescendantFonts"][0].get_object()
        assert "BeVietnamPro" in inner["/BaseFont"]
        descriptor = inner["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_a_form_needs_a_key_and_the_right_to_its_content(site: Site) -> None:
    code = a_life(site)
    for ending in ("", ".pdf"):
        path = f"/v1/dossiers/{code}/forms/04{ending}"
        assert site.get(path).status_code == 401
        assert site.get(path, "auditor").status_code == 403
        assert site.get(path, "other desk").status_code == 403
    assert NAME not in site.get(f"/v1/dossiers/{code}/forms/01", "other desk").text


def test_a_form_that_does_not_exist_is_not_found(site: Site) -> None:
    code = site.received()
    for path in (f"{code}/forms/04", f"{code}/forms/04.pdf"):
        answer = site.get(f"/v1/dossiers/{path}", "administrator")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/no-such-form"


def test_the_owner_gets_a_masked_receipt_only_with_the_token(site: Site) -> None:
    code = a_life(site)
    path = site.installation.receipts.path(code)
    page = site.get(f"{path}/receipt").text
    assert NAME in page
    assert "•••01" in page
    for secret in ("0900 000 001", "001099000001", "eval"):
        assert secret not in page
    assert f'href="{path}/receipt.pdf"' in page
    pdf = site.get(f"{path}/receipt.pdf")
    assert NAME.replace(" ", "") in text_of(pdf.content).replace(" ", "")
    wrong = path[:-1] + ("a" if path[-1] != "a" else "b")
    assert site.get(f"{wrong}/receipt").status_code == 403
    assert site.get(f"{wrong}/receipt.pdf").status_code == 403


def test_without_the_extra_the_pdf_is_refused_and_the_page_works(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = site.received()
    monkeypatch.setitem(sys.modules, "typst", None)
    answer = site.get(f"/v1/dossiers/{code}/forms/01.pdf", "desk")
    assert answer.status_code == 501
    assert answer.json()["type"] == "/problems/no-pdf"
    assert site.get(f"/v1/dossiers/{code}/forms/01", "desk").status_code == 200


def test_a_pdf_may_be_asked_for_at_any_fraction_of_a_second(site: Site) -> None:
    code = site.received()
    site.now[0] += timedelta(seconds=1, microseconds=7)
    assert site.get(f"/v1/dossiers/{code}/forms/01.pdf", "desk").status_code == 200


def test_money_has_points_as_separators() -> None:
    assert money(1_250_000) == "1.250.000 đồng"
