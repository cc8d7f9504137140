"""The values that events contain. Their field names are stored and never change."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from tracker.domain.dossier.actors import Actor
from tracker.domain.errors import InvalidInputError
from tracker.domain.network.procedures import PaperForm

Sealed = NewType("Sealed", str)
"""Text encrypted under the dossier's own key; unreadable once that key is destroyed."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of the server's clock a device's clock may be."""


class FutureTimeError(InvalidInputError):
    """This time lies in the future. Check the clock of the device."""


class NaiveTimeError(InvalidInputError):
    """This time has no zone. Write it as 2026-11-22T09:10:00+07:00."""


class WayOfReturn(StrEnum):
    """How the citizen receives the result."""

    POST = "post"
    COLLECT = "collect"
    ELECTRONIC = "electronic"


class Outcome(StrEnum):
    """The decision about a dossier."""

    GRANTED = "granted"
    REFUSED = "refused"


class NoticeChannel(StrEnum):
    """How a person receives notifications."""

    SMS = "sms"
    EMAIL = "email"


class NoticeLanguage(StrEnum):
    """The language of notifications."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


class Correctable(StrEnum):
    """The field of a dossier that a correcting event may change."""

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
    """One entry of the list of papers."""

    name: str
    form: PaperForm = PaperForm.COPY
    quantity: int = 1


@dataclass(frozen=True)
class Promise:
    """A promised date and its source.

    `given` is true if the date comes from a slip or an older system instead of a calculation.
    `time` and `calendar` are the processing time and the calendar version of the calculation.
    """

    due_at: datetime
    time: str = ""
    calendar: str = ""
    given: bool = False


@dataclass(frozen=True)
class Notices:
    """A person's consent to notifications: channels, language, address and time of consent.

    `contact` is empty if the notifications go to the applicant's own phone and e-mail.
    """

    channels: tuple[NoticeChannel, ...]
    language: NoticeLanguage
    contact: Sealed | None
    agreed_at: datetime


@dataclass(frozen=True)
class Stamp:
    """Who did it, when it happened, when it was recorded, and the sender's own id for it.

    Raise `NaiveTimeError` and `FutureTimeError`; a device's clock may be `CLOCK_SKEW` ahead.
    """

    occurred_at: datetime
    recorded_at: datetime
    by: Actor
    source: str
    event_id: str

    def __post_init__(self) -> None:
        """Raise `NaiveTimeError` or `FutureTimeError` if one of the times is not valid."""
        if self.recorded_at.tzinfo is None:
            raise NaiveTimeError
        self.check(self.occurred_at)

    def check(self, moment: datetime) -> None:
        """Raise `NaiveTimeError` without a zone, `FutureTimeError` for a time after recording."""
        if moment.tzinfo is None:
            raise NaiveTimeError
        if moment > self.recorded_at + CLOCK_SKEW:
            raise FutureTimeError
