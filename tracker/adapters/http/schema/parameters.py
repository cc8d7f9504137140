"""The parameters that several routes take."""

import re
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from tracker.adapters.http.schema.problems import FaultyInputError
from tracker.application.commands.text_types import UNFIT
from tracker.application.commands.text_types import Moment as MessageMoment
from tracker.application.problems.input_faults import Fault
from tracker.domain.dossier.values import CLOCK_SKEW, FutureTimeError

_BLANK_FOR_PLUS = re.compile(r" (?=\d\d:?\d\d$)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _with_plus(value: object) -> object:
    """Forgive a `+` written into an address as it is: it arrives as a blank."""
    return _BLANK_FOR_PLUS.sub("+", value) if isinstance(value, str) else value


def _spelt_out(value: object) -> object:
    """Let pass only text that is a day: pydantic also takes numbers, as seconds since 1970."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise PydanticCustomError(UNFIT, "must be a day such as 2026-11-22")


Code = Annotated[
    str, Path(max_length=100, description="The dossier's code.", examples=["H26.01-261120-0001"])
]
Day = Annotated[date, BeforeValidator(_spelt_out)]
Moment = Annotated[MessageMoment, BeforeValidator(_with_plus)]
AsOf = Annotated[Moment | None, Query(description="What had happened by then; by default, by now.")]
KnownAt = Annotated[
    Moment | None, Query(description="As far as it was known then; by default, now.")
]


def check_past(now: datetime, *moments: datetime | None) -> None:
    """Raise `FutureTimeError` where one of these is still to come."""
    if any(moment is not None and moment > now + CLOCK_SKEW for moment in moments):
        raise FutureTimeError


def since_after_end() -> FaultyInputError:
    """Return the error for a period that ends before it begins."""
    return FaultyInputError([Fault(pointer="#/query/since", detail="must lie before as_of")])
