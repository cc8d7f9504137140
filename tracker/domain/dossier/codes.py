"""Dossier codes: `{agency}-{yymmdd}-{sequence}`, e.g. `H26.05-261122-0042`.

A code is an address, never a secret: it has no check digit and is easy to guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha1
from uuid import UUID

from tracker.domain.errors import InvalidInputError, RefusedError

NATIONAL_PATTERN = r"(?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(?:\.\d{2})*-(?:\d{6}|\d{8})-\d{4,7}"
LEGACY_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{2,39}"
MAX_SEQUENCE = 9_999_999

_NATIONAL = re.compile(NATIONAL_PATTERN, re.ASCII)
_LEGACY = re.compile(LEGACY_PATTERN, re.ASCII)
_AGENCY = re.compile(r"(?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(?:\.\d{2})*", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))  # noqa: RUF001  phones type these for a hyphen
_DOSSIERS = UUID("6f4f1d0a-3d0c-5b0e-9a53-1f6f6d0c2b11").bytes


class InvalidCodeError(InvalidInputError):
    """This is not a dossier code. Example: H26.05-261122-0042."""


class CodesUsedUpError(RefusedError):
    """This agency has no dossier codes left for the day."""


@dataclass(frozen=True)
class DossierCode:
    """A parsed code in the national format."""

    agency: str
    day: date
    sequence: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "DossierCode":
        """Return the parsed code; surrounding blanks and long dashes are accepted.

        Raise `InvalidCodeError` for any other format and for a day that does not exist.
        """
        tidy = tidied(text)
        if not _NATIONAL.fullmatch(tidy):
            raise InvalidCodeError
        agency, day, sequence = tidy.rsplit("-", 2)
        try:
            parsed_day = datetime.strptime(day, "%y%m%d" if len(day) == 6 else "%Y%m%d").date()  # noqa: DTZ007, PLR2004
        except ValueError:
            raise InvalidCodeError from None
        return cls(agency, parsed_day, int(sequence), tidy)

    @classmethod
    def issue(cls, agency: str, day: date, sequence: int) -> "DossierCode":
        """Return the code for this number: four digits, or more if the number needs them.

        Raise `CodesUsedUpError` for a number outside 1 to `MAX_SEQUENCE`.
        """
        if not 1 <= sequence <= MAX_SEQUENCE:
            raise CodesUsedUpError
        return cls(agency, day, sequence, f"{_prefix(agency, day)}-{sequence:04d}")

    def __str__(self) -> str:
        """Return the code as it is printed on the receipt."""
        return self.text


@dataclass(frozen=True)
class CodeBlock:
    """The numbers `first` to `last` of one agency and day, leased to one holder."""

    id: str
    agency: str
    day: date
    first: int
    last: int
    leased_to: str

    def codes(self) -> Iterator[DossierCode]:
        """Yield every code of the block, lowest first."""
        for sequence in range(self.first, self.last + 1):
            yield DossierCode.issue(self.agency, self.day, sequence)

    def holds(self, code: DossierCode) -> bool:
        """Return whether the code belongs to this block."""
        return (
            (code.agency, code.day) == (self.agency, self.day)
            and self.first <= code.sequence <= self.last
            and code.text == DossierCode.issue(self.agency, self.day, code.sequence).text
        )


@lru_cache(maxsize=1_000)
def _prefix(agency: str, day: date) -> str:
    if not _AGENCY.fullmatch(agency):
        message = f"{agency} is not an agency id such as H26.05."
        raise InvalidCodeError(message)
    return f"{agency}-{day:%y%m%d}"


def tidied(text: str) -> str:
    """Return the code without blanks, with hyphens for long dashes and in capital letters."""
    return text.strip().translate(_DASHES).upper()


def legacy_code(text: str) -> str:
    """Return the number of an older system unchanged: 3 to 40 letters, digits, `.`, `_`, `-`.

    Raise `InvalidCodeError` for anything else.
    """
    if not _LEGACY.fullmatch(text):
        message = "A legacy number has 3 to 40 letters, digits, dots, dashes or underscores."
        raise InvalidCodeError(message)
    return text


@lru_cache(maxsize=10_000)
def dossier_id(code: str) -> UUID:
    """Return the id of the dossier with this code; the case of letters does not matter."""
    return UUID(bytes=id_bytes(code))


def id_bytes(code: str) -> bytes:
    """Return the 16 bytes of a dossier's id, a version 5 UUID of its code."""
    # The same bytes as `uuid5`, computed faster: no UUID object is built.
    digest = sha1(_DOSSIERS + code.upper().encode(), usedforsecurity=False).digest()
    return b"%b%c%b%c%b" % (
        digest[:6],
        digest[6] & 0x0F | 0x50,
        digest[7:8],
        digest[8] & 0x3F | 0x80,
        digest[9:16],
    )
