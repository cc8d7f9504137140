"""Parcel numbers and the meaning of carrier scans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.dossier.postal import ScanMeaning, is_s10, s10_check_digit, scan_meaning


@pytest.mark.parametrize(
    "number", ["RR473124829VN", "RB123456785GB", "EE000000005VN", "CP000000080VN"]
)
def test_a_number_with_its_right_check_digit_is_s10(number: str) -> None:
    assert is_s10(number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "RR473124828VN",
        "RR437124829VN",
        "RR47312482VN",
        "RR4731248291VN",
        "rr473124829vn",
        "R1473124829VN",
        "RR473124829",
        "RR473124829VNM",
        "RR473124829VN\n",
        " RR473124829VN",
        "RR\N{ARABIC-INDIC DIGIT FOUR}73124829VN",
        "VTP-000123",
    ],
)
def test_any_other_number_is_not(number: str) -> None:
    assert not is_s10(number)


@pytest.mark.parametrize(
    ("serial", "digit"),
    [
        ("47312482", 9),
        ("12345678", 5),
        ("00000000", 5),  # 11 - 0 is 11, which is written 5
        ("00000008", 0),  # 11 - 56 mod 11 (1) is 10, which is written 0
        ("00000001", 4),
        ("00000021", 8),
    ],
)
def test_the_check_digit_is_eleven_minus_the_remainder_with_10_as_0_and_11_as_5(
    serial: str, digit: int
) -> None:
    assert s10_check_digit(serial) == digit


@given(st.from_regex(r"\A[0-9]{8}\Z"))
def test_exactly_one_check_digit_fits_a_serial_number(serial: str) -> None:
    fitting = [digit for digit in "0123456789" if is_s10(f"RR{serial}{digit}VN")]
    assert fitting == [str(s10_check_digit(serial))]


@given(st.from_regex(r"\A[0-9]{8}\Z"), st.integers(0, 7), st.integers(1, 9))
def test_a_mistyped_digit_is_found_unless_the_rules_for_5_hide_it(
    serial: str, place: int, shift: int
) -> None:
    wrong = list(serial)
    wrong[place] = str((int(wrong[place]) + shift) % 10)
    right_digit, wrong_digit = s10_check_digit(serial), s10_check_digit("".join(wrong))
    assert right_digit != wrong_digit or right_digit in {0, 5}


MEANINGS = {
    "posted": ["EMA", "104"],
    "moving": ["EMB", "EMC", "EMD", "EMF", "EMJ", "EMK"],
    "held": ["EME", "EDA", "EXB", "505"],
    "out_for_delivery": ["EDG", "EDH", "500", "508"],
    "attempt_failed": ["EMH", "506"],
    "delivered": ["EMI", "501"],
    "returned": ["504", "515"],
    "cancelled": ["107"],
    "unknown": ["", "EMZ", "999", "delivered"],
}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_scan_has_the_meaning_of_the_published_lists(meaning: str) -> None:
    assert {scan_meaning(scan).value for scan in MEANINGS[meaning]} == {meaning}
    assert set(MEANINGS) == {meaning.value for meaning in ScanMeaning}


def test_a_scan_is_understood_in_small_letters_and_with_blanks() -> None:
    assert scan_meaning(" emi ") is ScanMeaning.DELIVERED
