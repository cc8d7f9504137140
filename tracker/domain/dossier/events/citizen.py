"""Events that the citizen causes: ratings, complaints, consent to notifications."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import NoticeChannel, NoticeLanguage, Sealed


@dataclass(frozen=True, kw_only=True)
class Rated(Event):
    """The citizen's rating, 1 to 5."""

    TOPIC = "dossier.rated.v1"
    step = Step.RATED

    score: int
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class Complained(Event):
    """The citizen complained."""

    TOPIC = "dossier.complained.v1"
    step = Step.COMPLAINED

    text: Sealed


@dataclass(frozen=True, kw_only=True)
class NoticesAgreed(Event):
    """The person agreed to notifications.

    `contact` is the address, if it is not the applicant's own.
    """

    TOPIC = "dossier.notices_agreed.v1"
    step = Step.NOTICES_AGREED

    channels: tuple[NoticeChannel, ...]
    language: NoticeLanguage
    contact: Sealed | None


@dataclass(frozen=True, kw_only=True)
class NoticesStopped(Event):
    """The person wants no more notifications."""

    TOPIC = "dossier.notices_stopped.v1"
    step = Step.NOTICES_STOPPED
