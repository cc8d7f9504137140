"""Parameters that several routes share."""

import re
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.application.commands.text_types import UNFIT
from tracker.application.commands.text_types import Moment as CommandMoment
from tracker.application.problems.input_faults import Fault
from tracker.domain.dossier.values import CLOCK_SKEW, FutureTimeError

_BLANK_FOR_PLUS = re.compile(r" (?=\d\d:?\d\d$)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _with_plus(value: object) -> object:
    """Return a time with its `+`: an unescaped `+` in an address arrives as a blank."""
    return _BLANK_FOR_PLUS.sub("+", value) if isinstance(value, str) else value


def _spelt_out(value: object) -> object:
    """Return a text that is a day. Raise for numbers: pydantic reads them as seconds since 1970."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise PydanticCustomError(UNFIT, "must be a day such as 2026-11-22")


Code = Annotated[
    str, Path(max_length=100, description="The dossier's code.", examples=["H26.01-261120-0001"])
]
Day = Annotated[date, BeforeValidator(_spelt_out)]
Moment = Annotated[CommandMoment, BeforeValidator(_with_plus)]
AsOf = Annotated[
    Moment | None, Query(description="Only events that had happened by this time; default: now.")
]
KnownAt = Annotated[
    Moment | None, Query(description="Only events that were known at this time; default: now.")
]


def check_past(now: datetime, *moments: datetime | None) -> None:
    """Raise `FutureTimeError` if one of these moments is in the future."""
    if any(moment is not None and moment > now + CLOCK_SKEW for moment in moments):
        raise FutureTimeError


def since_after_end() -> FaultyInputError:
    """Return the error for a period that ends before it begins."""
    return FaultyInputError([Fault(pointer="#/query/since", detail="must be before as_of")])
