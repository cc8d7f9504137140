"""Guess the code behind a misread one, copied from paper or spelled over the phone."""

from collections.abc import Iterator

from tracker.domain.dossier.codes import DossierCode, InvalidCodeError, tidied

_LOOK_ALIKES = str.maketrans("OQDILZSGB", "000112568")
_DATES = (6, 8)
_SEQUENCES = range(4, 8)
_MOST_DIGITS = 40
_PREFIX = 7


def likely_codes(text: str) -> tuple[str, ...]:
    """Return the national codes that this text may mean, the likeliest first.

    Accepted are blanks, missing or wrong dots and dashes, small letters, and letters that look like
    a digit where only a digit is possible. The reading with the shortest day and number comes
    first. A text that is already a code is not in the result.
    """
    packed = "".join(letter for letter in tidied(text) if letter.isascii() and letter.isalnum())
    if len(packed) > _MOST_DIGITS:
        return ()
    candidates = [code for reading in _readings(packed) for code in _cut(*reading)]
    ranked = sorted(candidates, key=lambda code: [len(part) for part in code.split("-")[1:]])
    return tuple(code for code in ranked if code != tidied(text))


def _readings(packed: str) -> Iterator[tuple[str, str, str]]:
    """Yield each way to read the text as ministry digits, a letter and other digits."""
    for length in (0, _PREFIX):
        head, letter, tail = packed[:length], packed[length : length + 1], packed[length + 1 :]
        prefix, digits = head.translate(_LOOK_ALIKES), tail.translate(_LOOK_ALIKES)
        if letter.isalpha() and f"{prefix}{digits}".isdigit():
            yield prefix, letter, digits


def _cut(prefix: str, letter: str, digits: str) -> Iterator[str]:
    """Yield each way to split the digits into agency, day and number."""
    ministry = f"{prefix[:3]}.{prefix[3:5]}.{prefix[5:]}." if prefix else ""
    for pairs in range(2, len(digits), 2):
        agency = ".".join(digits[start : start + 2] for start in range(0, pairs, 2))
        for length in _DATES:
            day, sequence = digits[pairs : pairs + length], digits[pairs + length :]
            if len(sequence) in _SEQUENCES:
                code = f"{ministry}{letter}{agency}-{day}-{sequence}"
                if _is_code(code):
                    yield code


def _is_code(code: str) -> bool:
    try:
        DossierCode.parse(code)
    except InvalidCodeError:
        return False
    return True
