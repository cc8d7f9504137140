"""What a code was meant to be that somebody copied from paper, or spelled out over the phone."""

from collections.abc import Iterator

from tracker.domain.dossier.codes import DossierCode, InvalidCodeError, tidied

_LOOK_ALIKES = str.maketrans("OQDILZSGB", "000112568")
_DATES = (6, 8)
_SEQUENCES = range(4, 8)
_MOST_DIGITS = 40
_PREFIX = 7


def likely_codes(text: str) -> tuple[str, ...]:
    """Return the codes of the national shape that this may stand for, the likeliest first.

    Forgiven are blanks, missing or wrong dots and dashes, small letters, and letters that look
    like a digit where only a digit can stand. Of several readings that with the shortest day and
    number comes first. What is a code already is not among them.
    """
    packed = "".join(letter for letter in tidied(text) if letter.isascii() and letter.isalnum())
    if len(packed) > _MOST_DIGITS:
        return ()
    found = [code for reading in _readings(packed) for code in _cut(*reading)]
    ranked = sorted(found, key=lambda code: [len(part) for part in code.split("-")[1:]])
    return tuple(code for code in ranked if code != tidied(text))


def _readings(packed: str) -> Iterator[tuple[str, str, str]]:
    """Return each way to take the text as the digits of a ministry, a letter and other digits."""
    for length in (0, _PREFIX):
        head, letter, tail = packed[:length], packed[length : length + 1], packed[length + 1 :]
        prefix, digits = head.translate(_LOOK_ALIKES), tail.translate(_LOOK_ALIKES)
        if letter.isalpha() and f"{prefix}{digits}".isdigit():
            yield prefix, letter, digits


def _cut(prefix: str, letter: str, digits: str) -> Iterator[str]:
    """Return each way to cut the digits into agency, day and number."""
    ministry = f"{prefix[:3]}.{prefix[3:5]}.{prefix[5:]}." if prefix else ""
    for pairs in range(2, len(digits), 2):
        agency = ".".join(digits[at : at + 2] for at in range(0, pairs, 2))
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
