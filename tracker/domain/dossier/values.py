"""The small things events are made of. Their field names are stored for ever."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import InvalidInputError
from tracker.domain.network.procedures import PaperForm

Sealed = NewType("Sealed", str)
"""Text sealed under the dossier's own key; unreadable for ever once that key is destroyed."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours a device's clock may run."""


class FutureTimeError(InvalidInputError):
    """This time lies in the future. Check the clock of the device."""


class NaiveTimeError(InvalidInputError):
    """This time has no zone. Write it as 2026-11-22T09:10:00+07:00."""


class WayOfReturn(StrEnum):
    """How the citizen gets the result."""

    POST = "post"
    COLLECT = "collect"
    ELECTRONIC = "electronic"


class Outcome(StrEnum):
    """How a dossier was decided."""

    GRANTED = "granted"
    REFUSED = "refused"


class NoticeChannel(StrEnum):
    """How a person is told what happens to the dossier."""

    SMS = "sms"
    EMAIL = "email"


class NoticeLanguage(StrEnum):
    """In which words."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


class Correctable(StrEnum):
    """What of a dossier a correcting event may put right."""

    APPLICANT = "applicant"
    WAY_OF_RETURN = "way_of_return"
    HELPED_AT = "helped_at"
    RECEIVED_AT = "received_at"
    PARCEL_NUMBER = "parcel_number"
    OCCURRED_AT = "occurred_at"


@dataclass(frozen=True)
class Offices:
    """The three offices of a dossier; they are usually different."""

    helped_at: str
    received_at: str
    decided_by: str


@dataclass(frozen=True)
class Paper:
    """One line of the list of papers."""

    name: str
    form: PaperForm = PaperForm.COPY
    quantity: int = 1


@dataclass(frozen=True)
class Promise:
    """A promised date and what it rests on.

    `given` tells that the date was not reckoned here but stood on a slip or in an older system.
    """

    due_at: datetime
    time: str = ""
    calendar: str = ""
    given: bool = False


@dataclass(frozen=True)
class Notices:
    """What a person agreed to: to be told by these channels of all that we hear of from then on.

    `contact` is where to, where that is not the applicant's own phone and e-mail.
    """

    channels: tuple[NoticeChannel, ...]
    language: NoticeLanguage
    contact: Sealed | None
    agreed_at: datetime


@dataclass(frozen=True)
class Stamp:
    """Who did it, when it happened, when we heard of it, and the sender's own id for it.

    Raise `NaiveTimeError` and `FutureTimeError`; a device may run `CLOCK_SKEW` ahead.
    """

    occurred_at: datetime
    recorded_at: datetime
    by: Actor
    source: str
    event_id: str

    def __post_init__(self) -> None:
        """Check both times."""
        if self.recorded_at.tzinfo is None:
            raise NaiveTimeError
        self.check(self.occurred_at)

    def check(self, moment: datetime) -> None:
        """Raise where nothing can have happened at this moment that we heard of by now."""
        if moment.tzinfo is None:
            raise NaiveTimeError
        if moment > self.recorded_at + CLOCK_SKEW:
            raise FutureTimeError
