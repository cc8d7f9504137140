"""Events about the record itself: corrections and erasure."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Correctable, Sealed


@dataclass(frozen=True, kw_only=True)
class Corrected(Event):
    """A wrong entry is put right; the wrong one stays in the record.

    `corrects` is the version of the event that was wrong; `value` the right one, `sealed` where
    it is personal.
    """

    TOPIC = "dossier.corrected.v1"
    step = Step.CORRECTED

    corrects: int
    what: Correctable
    value: str
    sealed: Sealed | None
    reason: Sealed | None


@dataclass(frozen=True, kw_only=True)
class PersonalDataErased(Event):
    """The dossier's key was destroyed: nothing sealed in its events can be read any more."""

    TOPIC = "dossier.personal_data_erased.v1"
    step = Step.PERSONAL_DATA_ERASED

    basis: str
