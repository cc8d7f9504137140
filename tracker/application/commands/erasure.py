"""Erases personal data: destroys the dossier's key and overwrites reasons in the access log."""

from collections.abc import Sequence
from uuid import UUID

from tracker.application.commands.handler import Tracker
from tracker.application.ports import AccessLog
from tracker.domain.dossier.actors import Actor, require
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.lifecycle import Step


class Erasure:
    """Erases the personal data of a dossier. It destroys the key last, so it can be repeated."""

    def __init__(self, tracker: Tracker, access_log: AccessLog) -> None:
        """Erase personal data in this tracker and this access log."""
        self._tracker = tracker
        self._access_log = access_log

    def erase(self, actor: Actor, code: str, *, event_id: str, basis: str) -> int:
        """Erase the personal data and return the position of the event that records it.

        Raise `NotAllowedError`, `StoreBehindError`, or an error of `Tracker.erase_personal_data`.
        """
        require(actor, Step.PERSONAL_DATA_ERASED)
        self._tracker.past.check()
        self._access_log.forget_reasons(dossier_id(code))
        return self._tracker.erase_personal_data(actor, code, event_id=event_id, basis=basis)

    def destroy_left(self, dossier_ids: Sequence[UUID]) -> None:
        """Destroy the keys of erased dossiers that an older backup of the keys restored."""
        self._tracker.past.check()
        if dossier_ids:
            self._tracker.store.insert_events([], erased_keys=dossier_ids)
