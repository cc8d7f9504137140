"""The types of text in a command.

Their errors have the type `UNFIT` and do not repeat the input.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from tracker.domain.dossier.codes import tidied

UNFIT: Final = "tracker_unfit"
_YEARS = range(1900, 2200)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)


def in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC. Raise `ValueError` outside the years 1900 to 2199."""
    if moment.year not in _YEARS:
        raise PydanticCustomError(UNFIT, "must be in the years 1900 to 2199")
    return moment.astimezone(UTC)


def _tidy(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    if _CONTROL.search(composed):
        raise PydanticCustomError(UNFIT, "must not contain control characters")
    return composed


def _spelt_out(value: object) -> object:
    """Accept only a time as text: pydantic also accepts numbers, as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _TIME.fullmatch(value)):
        return value
    raise PydanticCustomError(
        UNFIT, "must be a time with its zone, such as 2026-11-22T09:10:00+07:00"
    )


Moment = Annotated[AwareDatetime, BeforeValidator(_spelt_out), AfterValidator(in_utc)]
"""A time with its zone, converted to UTC: equal moments are equal values."""

Code = Annotated[
    str,
    StringConstraints(min_length=3, max_length=60),
    AfterValidator(tidied),
]
"""A dossier code as a person may write it."""

Id = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$", max_length=64)
]
"""The id of an office, a procedure or a carrier: letters, digits and `. _ : / -`."""

EventId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$", max_length=100)]
"""The sender's own id for a command: 1 to 100 visible ASCII characters."""

Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_tidy),
]
"""A short text such as a name."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_tidy),
]
"""A longer text such as a reason."""
