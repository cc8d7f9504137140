"""The kinds of text a message may hold."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from tracker.domain.codes import tidied


def _tidy(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter != "\n" for letter in composed):
        message = "must not hold control characters"
        raise ValueError(message)
    return composed


Code = Annotated[
    str,
    StringConstraints(min_length=3, max_length=60),
    AfterValidator(tidied),
]
"""A dossier's code as a person may write it."""

Id = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$", max_length=64)
]
"""The id of an office, a procedure, a carrier: letters, digits and `. _ : / -`."""

EventId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$", max_length=100)]
"""The sender's own id of what it sends: 1 to 100 visible ASCII characters."""

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
