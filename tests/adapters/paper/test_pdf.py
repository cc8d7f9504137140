"""Rules for every form as PDF: its layout and its accessibility."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from pypdf import PdfReader

from tests.adapters.paper.filled_forms import CODE, NAME, NUMBERS, PAPER, forms, receipt, register
from tracker.adapters.paper.pdf import set_pdf
from tracker.adapters.paper.sheets import Sheets
from tracker.application.forms.case import Person
from tracker.application.queries.fill_form import Form

MARGIN = 56
"""Two centimetres, in points."""

EVERY = pytest.mark.parametrize("number", NUMBERS)


def set_form(form: Form) -> bytes:
    sheet = Sheets(ZoneInfo("Asia/Ho_Chi_Minh")).write(form)
    return set_pdf(sheet, datetime(2026, 11, 20, tzinfo=UTC))


def read(form: Form) -> PdfReader:
    return PdfReader(BytesIO(set_form(form)))


def seen(form: Form) -> Any:  # noqa: ANN401  it is not typed
    """The first page, as it is seen."""
    return pypdfium2.PdfDocument(set_form(form))[0]


def root_of(pdf: PdfReader) -> Any:  # noqa: ANN401  what a PDF holds has no type
    return pdf.trailer["/Root"]


def tagged(node: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield every element of the structure tree."""
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        element = child.get_object()
        if isinstance(element, dict):
            if "/S" in element:
                yield element
            yield from tagged(element)


@EVERY
def test_a_reader_aloud_is_told_the_language_the_title_and_what_is_what(number: str) -> None:
    pdf = read(forms()[number])
    root = root_of(pdf)
    assert root["/Lang"] == "vi"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712  pypdf's own true
    heading = pdf.pages[0].extract_text()
    assert pdf.metadata is not None
    assert pdf.metadata.title
    title = pdf.metadata.title.removesuffix(f", {CODE}")
    assert title in heading
    assert (title == pdf.metadata.title) is (number == "07")
    kinds = [element["/S"] for element in tagged(root["/StructTreeRoot"])]
    assert kinds.count("/H1") == 1
    tables = kinds.count("/Table")
    assert tables == {"01": 1, "02": 1, "06": 2, "07": 1}.get(number, 0)
    assert bool(tables) == ("/TH" in kinds)


def test_the_code_that_cannot_be_seen_is_told_to_be_one() -> None:
    root = root_of(read(forms()["01"]))
    (figure,) = (one for one in tagged(root["/StructTreeRoot"]) if one["/S"] == "/Figure")
    assert figure["/Alt"] == "Mã QR của hồ sơ"


@EVERY
def test_a_usual_form_is_one_page(number: str) -> None:
    assert len(read(forms()[number]).pages) == 1


def test_a_receipt_with_many_papers_says_on_every_leaf_whose_it_is() -> None:
    first, *others = read(receipt([PAPER] * 60)).pages
    assert len(others) > 1
    assert "trang" not in first.extract_text()
    for number, page in enumerate(others, 2):
        assert f"{CODE}, trang {number}/{len(others) + 1}" in page.extract_text()
        assert "Tên giấy tờ" in page.extract_text() or number > 2


def test_a_receipt_without_papers_keeps_its_headings_apart() -> None:
    """Columns without a width once printed texts over each other."""
    text = seen(receipt(())).get_textpage()
    name, form = (text.search(said).get_next()[0] for said in ("Tên giấy tờ", "Hình thức"))
    assert text.get_charbox(form)[0] - text.get_charbox(name)[0] > 100


def test_an_address_longer_than_a_line_stays_on_the_paper() -> None:
    long = f"{'nguyen.' * 9}a@{'vanphong.' * 12}vn"
    page = seen(receipt(who=Person(name=NAME, email=long)))
    text = page.get_textpage()
    assert "vanphong" in text.get_text_range()
    edges = [text.get_charbox(place)[2] for place in range(text.count_chars())]
    assert max(edges) <= page.get_width() - MARGIN


def test_a_register_lies_on_its_side_and_repeats_its_headings() -> None:
    pages = read(register(40)).pages
    assert len(pages) > 1
    for page in pages:
        assert page.mediabox.width > page.mediabox.height
        assert "Mã hồ sơ" in page.extract_text() or page is pages[-1]
