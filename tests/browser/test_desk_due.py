"""The due time of papers and fees: the clerk enters it, the desk and the owner read it in words.

A date field shows day and month in the order of the browser; the text in words is unambiguous.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Office, SitsDown
from tests.browser.test_desk import signs_in

pytestmark = pytest.mark.system

DUE = "2031-12-05T17:00"
READ = {"vi": "17:00, Thứ Sáu, ngày 05/12/2031", "en": "17:00, Friday 5 December 2031"}
LABELS = {
    "vi": ("Nộp giấy tờ chậm nhất lúc", "Nộp phí chậm nhất lúc"),
    "en": ("Papers due by", "Fee due by"),
}
OWNERS = {
    "vi": (f"Nộp chậm nhất lúc {READ['vi']}", f"Nộp phí chậm nhất lúc {READ['vi']}"),
    "en": (f"Hand them in by {READ['en']}", f"Pay by {READ['en']}"),
}


@pytest.mark.parametrize(
    ("language", "size", "javascript"), [("vi", "phone", False), ("en", "desk", True)]
)
def test_the_due_time_is_shown_to_the_clerk_and_to_the_owner(
    sits_down: SitsDown, office: Office, language: str, size: str, *, javascript: bool
) -> None:
    code = office.takes_in()
    page = sits_down(size, javascript=javascript)
    signs_in(page, office, "decider")
    steps = ("supplement_asked", "papers_due_at"), ("fee_asked", "fee_due_at")
    for (step, box), label in zip(steps, LABELS[language], strict=True):
        page.goto(f"/desk/dossiers/{code}?lang={language}")
        page.locator(f"#step-{step} summary").click()
        page.locator(f"#{step}-reason").fill("Thiếu giấy chứng nhận")
        if step == "fee_asked":
            page.locator(f"#{step}-amount").fill("150.000")
        due = page.locator(f"#step-{step}").get_by_label(label)
        expect(due).to_have_id(f"{step}-{box}")
        due.fill("2020-01-31T17:00")
        page.locator(f"#step-{step} button").click()
        expect(due).to_be_focused()
        expect(due).to_have_attribute("aria-invalid", "true")
        due.fill(DUE)
        page.locator(f"#step-{step} button").click()
        expect(page.get_by_role("status")).to_contain_text(READ[language])
        expect(page.locator(".history li").last).to_contain_text(READ[language])
    page.goto(f"/?code={code}&lang={language}")
    page.locator("#digits").fill("0123")
    page.keyboard.press("Enter")
    for text in OWNERS[language]:
        expect(page.get_by_text(text)).to_be_visible()
