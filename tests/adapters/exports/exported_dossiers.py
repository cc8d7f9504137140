"""Random dossiers as a store would export them, without a store."""

from tests.contract.random_lives import by_dossier, history
from tracker.application.audit.verify_store import StoredRow
from tracker.application.queries.export import ExportedDossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.history import occurred_at
from tracker.domain.dossier.state import DossierState
from tracker.serialization import encode


def exported_dossiers(seed: int, *, dossiers: int = 4, steps: int = 40) -> list[ExportedDossier]:
    """Return dossiers whose events have positions in the order of recording."""
    events = history(seed, dossiers=dossiers, steps=steps)
    positions = {id(event): position for position, event in enumerate(events, 1)}
    return [
        _taken(some, [positions[id(one)] for one in some]) for some in by_dossier(events).values()
    ]


def _taken(events: list[Event], positions: list[int]) -> ExportedDossier:
    dossier = DossierState.replay(None, events)
    assert dossier
    rows = [
        StoredRow(
            position,
            event.originator_id.hex,
            event.originator_version,
            event.TOPIC,
            encode(event),
        )
        for position, event in zip(positions, events, strict=True)
    ]
    return ExportedDossier(rows, events, dossier, occurred_at(events)[1])
