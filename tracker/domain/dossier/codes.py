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
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))  # noqa: RUF001  what phones type for a hyphen
_DOSSIERS = UUID("6f4f1d0a-3d0c-5b0e-9a53-1f6f6d0c2b11").bytes


class InvalidCodeError(InvalidInputError):
    """This is not a dossier code. One looks like H26.05-261122-0042."""


class CodesUsedUpError(RefusedError):
    """This agency has used up its codes of the day."""


@dataclass(frozen=True)
class DossierCode:
    """A code of the national shape, taken apart."""

    agency: str
    day: date
    sequence: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "DossierCode":
        """Read a code of the national shape; blanks around it and long dashes are forgiven.

        Raise `InvalidCodeError` for anything else, also for a day no calendar has.
        """
        tidy = tidied(text)
        if not _NATIONAL.fullmatch(tidy):
            raise InvalidCodeError
        agency, day, sequence = tidy.rsplit("-", 2)
        try:
            taken_in_on = datetime.strptime(day, "%y%m%d" if len(day) == 6 else "%Y%m%d").date()  # noqa: DTZ007, PLR2004
        except ValueError:
            raise InvalidCodeError from None
        return cls(agency, taken_in_on, int(sequence), tidy)

    @classmethod
    def issue(cls, agency: str, day: date, sequence: int) -> "DossierCode":
        """Write the code of this number; four digits, more when the day has more than 9,999."""
        if not 1 <= sequence <= MAX_SEQUENCE:
            raise CodesUsedUpError
        return cls(agency, day, sequence, f"{_prefix(agency, day)}-{sequence:04d}")

    def __str__(self) -> str:
        """Return the code as it stands on the receipt."""
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
        """Return every code of the block, lowest first."""
        for sequence in range(self.first, self.last + 1):
            yield DossierCode.issue(self.agency, self.day, sequence)

    def holds(self, code: DossierCode) -> bool:
        """Return whether the code lies in this block."""
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
    """Forgive what a person or a phone adds to a code: blanks, long dashes, small letters."""
    return text.strip().translate(_DASHES).upper()


def legacy_code(text: str) -> str:
    """Take over the number an older system gave, as it is: 3 to 40 letters, digits, `.`, `_`, `-`.

    Raise `InvalidCodeError` for anything else.
    """
    if not _LEGACY.fullmatch(text):
        message = "A legacy number has 3 to 40 letters, digits, dots, dashes or underscores."
        raise InvalidCodeError(message)
    return text


@lru_cache(maxsize=10_000)
def dossier_id(code: str) -> UUID:
    """Return the id of the dossier with this code; capital or small letters make no difference."""
    return UUID(bytes=id_bytes(code))


def id_bytes(code: str) -> bytes:
    """Return the 16 bytes of a dossier's id."""
    # What `uuid5` does, without what it does beside: a digest that bears its version and variant.
    digest = sha1(_DOSSIERS + code.upper().encode(), usedforsecurity=False).digest()
    return b"%b%c%b%c%b" % (
        digest[:6],
        digest[6] & 0x0F | 0x50,
        digest[7:8],
        digest[8] & 0x3F | 0x80,
        digest[9:16],
    )
