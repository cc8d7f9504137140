"""Dossier codes: written, parsed, leased in blocks, taken over from older systems."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.dossier.codes import (
    CodeBlock,
    CodesUsedUpError,
    DossierCode,
    InvalidCodeError,
    dossier_id,
    legacy_code,
    tidied,
)

DAY = date(2026, 11, 22)
ARABIC_TWO = "\N{ARABIC-INDIC DIGIT TWO}"
AGENCIES = st.from_regex(r"\A(?:[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.)?[A-Z][0-9]{2}(?:\.[0-9]{2}){0,3}\Z")
DAYS = st.dates(date(1969, 1, 1), date(2068, 12, 31))
SEQUENCES = st.integers(1, 9_999_999)


@given(AGENCIES, DAYS, SEQUENCES)
def test_a_code_that_was_issued_is_read_back_as_it_was(
    agency: str, day: date, sequence: int
) -> None:
    code = DossierCode.issue(agency, day, sequence)
    assert DossierCode.parse(str(code)) == code
    assert (code.agency, code.day, code.sequence) == (agency, day, sequence)


@given(AGENCIES, DAYS, SEQUENCES, SEQUENCES)
def test_two_numbers_never_share_a_code_or_a_dossier(
    agency: str, day: date, left: int, right: int
) -> None:
    first, second = (DossierCode.issue(agency, day, number).text for number in (left, right))
    assert (first == second) is (left == right)
    assert (dossier_id(first) == dossier_id(second)) is (left == right)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_an_invalid_code(text: str) -> None:
    try:
        code = DossierCode.parse(text)
    except InvalidCodeError:
        return
    assert DossierCode.parse(code.text) == code


def test_the_day_may_have_more_than_9999_codes() -> None:
    texts = [DossierCode.issue("H26.05", DAY, number).text for number in (1, 42, 9_999, 10_000)]
    assert texts == [
        "H26.05-261122-0001",
        "H26.05-261122-0042",
        "H26.05-261122-9999",
        "H26.05-261122-10000",
    ]


@pytest.mark.parametrize("sequence", [0, -1, 10_000_000])
def test_a_number_outside_the_day_is_not_issued(sequence: int) -> None:
    with pytest.raises(CodesUsedUpError):
        DossierCode.issue("H26.05", DAY, sequence)


@pytest.mark.parametrize(
    "agency", ["", "h26", "H26.5", "26", "H26.", "H26-05", "H\N{ARABIC-INDIC DIGIT TWO}6", "H26\n"]
)
def test_a_code_is_issued_only_for_an_agency_id(agency: str) -> None:
    with pytest.raises(InvalidCodeError):
        DossierCode.issue(agency, DAY, 1)


@pytest.mark.parametrize(
    ("text", "agency", "day", "sequence"),
    [
        ("H26.05-261122-0042", "H26.05", DAY, 42),
        ("H26-261122-0001", "H26", DAY, 1),
        ("H26.05.01-20261122-0000042", "H26.05.01", DAY, 42),
        ("000.00.01.H26-261122-1234567", "000.00.01.H26", DAY, 1_234_567),
        ("G22.99-200229-0001", "G22.99", date(2020, 2, 29), 1),
    ],
)
def test_a_code_of_the_national_shape_is_accepted(
    text: str, agency: str, day: date, sequence: int
) -> None:
    assert DossierCode.parse(text) == DossierCode(agency, day, sequence, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H26.05",
        "H26.05-261122",
        "H26.05-261122-042",
        "H26.05-261122-00000042",
        "H26.05-2611220-0042",
        "H2-261122-0042",
        "HH26-261122-0042",
        "H26.5-261122-0042",
        "00.00.01.H26-261122-0042",
        "H26.05-261122-0042x",
        "H26.05-261122-0042\n0",
        "H26.05 261122 0042",
        "H26.05-26112 2-0042",
        "H26.05_261122_0042",
    ],
)
def test_anything_else_is_no_code(text: str) -> None:
    with pytest.raises(InvalidCodeError):
        DossierCode.parse(text)


@pytest.mark.parametrize("day", ["261322", "261100", "260230", "270229", "20261301", "00000101"])
def test_a_day_no_calendar_has_is_no_code(day: str) -> None:
    with pytest.raises(InvalidCodeError):
        DossierCode.parse(f"H26.05-{day}-0042")


@pytest.mark.parametrize(
    "text",
    [
        "H\N{ARABIC-INDIC DIGIT TWO}6.05-261122-0042",
        "H26.05-\N{ARABIC-INDIC DIGIT TWO}61122-0042",
        "H26.05-261122-00\N{DEVANAGARI DIGIT FOUR}2",
        "H26.05-261122-004\N{FULLWIDTH DIGIT TWO}",
        "\N{FULLWIDTH LATIN CAPITAL LETTER H}26.05-261122-0042",
    ],
)
def test_digits_of_other_scripts_are_refused(text: str) -> None:
    with pytest.raises(InvalidCodeError):
        DossierCode.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "  H26.05-261122-0042\n",
        "h26.05-261122-0042",
        "H26.05\N{EN DASH}261122\N{EM DASH}0042",
        "H26.05\N{NON-BREAKING HYPHEN}261122\N{MINUS SIGN}0042",
        "\N{NO-BREAK SPACE}H26.05-261122-0042",
    ],
)
def test_blanks_dashes_and_small_letters_in_a_code_are_accepted(text: str) -> None:
    assert tidied(text) == "H26.05-261122-0042"
    assert DossierCode.parse(text).text == "H26.05-261122-0042"


# blocks

BLOCK = CodeBlock("b", "H26.05", DAY, 9_998, 10_001, "tablet-7")


def test_a_block_gives_each_of_its_codes_once_and_in_order() -> None:
    assert [code.text for code in BLOCK.codes()] == [
        "H26.05-261122-9998",
        "H26.05-261122-9999",
        "H26.05-261122-10000",
        "H26.05-261122-10001",
    ]
    assert all(BLOCK.holds(code) for code in BLOCK.codes())


@pytest.mark.parametrize(
    "text",
    [
        "H26.05-261122-9997",
        "H26.05-261122-10002",
        "H26.06-261122-9999",
        "H26.05-261123-9999",
        "H26.05-20261122-9999",
        "H26.05-261122-09999",
        "H26.05-261122-0010000",
    ],
)
def test_a_block_holds_no_other_code_and_no_other_spelling(text: str) -> None:
    assert not BLOCK.holds(DossierCode.parse(text))


# numbers of older systems


@pytest.mark.parametrize("text", ["abc", "HS.2019_000123-x", "1" * 40])
def test_a_number_of_an_older_system_stays_as_it_is(text: str) -> None:
    assert legacy_code(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "1" * 41,
        "-abc",
        "a b c",
        "Hồ-sơ-1",
        "abc\n",
        "a/b/c",
        f"1{ARABIC_TWO}3",
    ],
)
def test_a_number_that_does_not_fit_in_a_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidCodeError):
        legacy_code(text)


def test_an_old_number_is_found_however_its_letters_are_typed() -> None:
    assert dossier_id("hs.2019-a") == dossier_id(tidied(" hs.2019-a ")) == dossier_id("HS.2019-A")


def test_the_id_of_a_code_never_changes() -> None:
    assert str(dossier_id("H26.05-261122-0042")) == "6460ea4b-2735-5e5b-9363-96d9caa10700"
