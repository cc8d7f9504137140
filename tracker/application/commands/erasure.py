"""Erases a person from a dossier: nothing sealed opens any more, and what stood beside it goes."""

from collections.abc import Sequence
from uuid import UUID

from tracker.application.commands.handler import Tracker
from tracker.application.ports import AccessLog
from tracker.domain.dossier.actors import Actor, require
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.lifecycle import Step


class Erasure:
    """Destroys the key last: were it interrupted, it is simply done again."""

    def __init__(self, tracker: Tracker, reads: AccessLog) -> None:
        """Erase what these keep."""
        self._tracker = tracker
        self._reads = reads

    def erase(self, actor: Actor, code: str, *, event_id: str, basis: str) -> int:
        """Erase the person, and give the position of the event that records it.

        Raise what `Tracker.erase_personal_data` does.
        """
        require(actor, Step.PERSONAL_DATA_ERASED)
        self._tracker.past.check()
        self._reads.forget_reasons(dossier_id(code))
        return self._tracker.erase_personal_data(actor, code, event_id=event_id, basis=basis)

    def destroy_left(self, dossier_ids: Sequence[UUID]) -> None:
        """Destroy the keys of erased dossiers: an older backup of the keys brought them back."""
        self._tracker.past.check()
        if dossier_ids:
            self._tracker.store.insert_events([], erased_keys=dossier_ids)
