"""Events about the record itself: corrections and erasure."""

from dataclasses import dataclass

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.values import Correctable, Sealed


@dataclass(frozen=True, kw_only=True)
class Corrected(Event):
    """A wrong entry was corrected; the wrong entry stays in the record.

    `corrects` is the version of the wrong event. `value` is the right value; a personal value is in
    `sealed` instead.
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
    """The dossier's key was destroyed: its sealed data can no longer be read."""

    TOPIC = "dossier.personal_data_erased.v1"
    step = Step.PERSONAL_DATA_ERASED

    basis: str
