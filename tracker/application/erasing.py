"""Erases a person from a dossier: nothing sealed opens any more, and what stood beside it goes."""

from tracker.application.ports import ReadLog
from tracker.application.tracker import Tracker
from tracker.domain.actors import Actor, require
from tracker.domain.codes import dossier_id
from tracker.domain.lifecycle import Step


class Erasure:
    """Destroys the key last: were it interrupted, it is simply done again."""

    def __init__(self, tracker: Tracker, reads: ReadLog) -> None:
        """Erase what these keep."""
        self._tracker = tracker
        self._reads = reads

    def erase(self, actor: Actor, code: str, *, event_id: str, basis: str) -> int:
        """Erase the person, and give the position of the event that records it.

        Raises what `Tracker.erase_personal_data` does.
        """
        require(actor, Step.PERSONAL_DATA_ERASED)
        self._tracker.past.check()
        self._reads.forget_reasons(dossier_id(code))
        return self._tracker.erase_personal_data(actor, code, event_id=event_id, basis=basis)
