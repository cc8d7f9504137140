"""Loads dossiers from the event store: one, many at once, or as of an earlier version."""

from collections.abc import Iterable, Iterator, Sequence
from typing import cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application

from tracker.application.ports import DossierRecorder, Request
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.serialization import decode_for_replay


class DossierLoader:
    """Loads dossiers by folding their events."""

    def __init__(self, application: Application[UUID], store: DossierRecorder) -> None:
        """Read from the application's repository, and many histories at once from `store`."""
        self._application = application
        self._store = store

    def load(self, code: str, version: int | None = None) -> Dossier | None:
        """Return the dossier with this code, or `None`; `version` cuts its history."""
        try:
            dossier: Dossier = self._application.repository.get(
                dossier_id(code), version=version, projector_func=_replay
            )
        except AggregateNotFoundError:
            return None
        return dossier

    def load_all(self, dossier_ids: Sequence[UUID]) -> dict[UUID, Dossier]:
        """Return those of these dossiers that exist, loaded by one query."""
        # All histories are decoded first and folded afterwards: alternating is slower.
        histories = {
            dossier: [decode_for_replay(topic, state) for topic, state in history]
            for dossier, history in self._store.select_histories(dossier_ids).items()
        }
        loaded = {key: Dossier.replay(None, history) for key, history in histories.items()}
        return {key: dossier for key, dossier in loaded.items() if dossier}

    def events_of(self, dossier: UUID) -> Iterator[Event]:
        """Return all events of a dossier, in order."""
        return (cast("Event", event) for event in self._application.events.get(dossier))

    def last_event_of(self, request: Request) -> Event | None:
        """Return the last event that a request led to."""
        events = self._application.events.get(
            dossier_id(request.code), gt=request.version - 1, lte=request.version
        )
        return cast("Event | None", next(iter(events), None))


def _replay(dossier: Dossier | None, events: Iterable[Event]) -> Dossier | None:
    return Dossier.replay(dossier, events)
