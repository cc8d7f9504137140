from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.dossier.codes import DossierCode
from tracker.domain.dossier.misread_codes import likely_codes

CODE = "H26.05-261122-0042"


@pytest.mark.parametrize(
    "written",
    [
        "H26.05 261122 0042",
        "H2605-261122-0042",
        "H26052611220042",
        "H 26 . 05 - 261122 - 0042",
        "H26,05-261122-0042",
        "H26.O5-26I122-OO42",
        "H26.05-26ll22-0042",
        "hZ6.o5/261122/004z",
        "H26.05_261122_0042",
    ],
)
def test_a_code_copied_with_small_faults_is_recognised(written: str) -> None:
    assert likely_codes(written)[0] == CODE


@pytest.mark.parametrize(
    "written",
    ["", "   ", "12345", "H26", "Nguyễn Thị An", "H26.05-261399-0042", "H" * 200, "H26.05"],
)
def test_a_text_that_cannot_be_a_code_is_refused(written: str) -> None:
    assert likely_codes(written) == ()


def test_a_code_as_it_should_be_needs_no_reading() -> None:
    assert CODE not in likely_codes(CODE)
    assert CODE not in likely_codes(f" {CODE.lower()} ")


def test_the_ministrys_digits_before_the_letter_stay() -> None:
    assert "000.00.01.G12-20261122-000042" in likely_codes("000.00.01.G12 20261122 000042")


@given(st.text(max_size=50))
def test_whatever_is_typed_is_read_as_codes_or_as_nothing(text: str) -> None:
    for code in likely_codes(text):
        assert DossierCode.parse(code).text == code


@given(st.integers(1, 9_999), st.dates(date(2000, 1, 1), date(2050, 1, 1)))
def test_every_code_is_found_again_without_its_dots_and_dashes(sequence: int, day: date) -> None:
    code = DossierCode.issue("H26.05", day, sequence).text
    assert code in likely_codes(code.replace(".", "").replace("-", ""))
