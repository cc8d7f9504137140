"""Events of what the citizen says: ratings, complaints, consent to notifications."""

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
    """The person agreed to be told what happens. `contact`: where to, if not the applicant's."""

    TOPIC = "dossier.notices_agreed.v1"
    step = Step.NOTICES_AGREED

    channels: tuple[NoticeChannel, ...]
    language: NoticeLanguage
    contact: Sealed | None


@dataclass(frozen=True, kw_only=True)
class NoticesStopped(Event):
    """The person wants to be told no more."""

    TOPIC = "dossier.notices_stopped.v1"
    step = Step.NOTICES_STOPPED
