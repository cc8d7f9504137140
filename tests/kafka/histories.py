"""Event histories of complete dossiers, stored in SQLite as the service stores them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from tracker.adapters.sql.event_store.sqlite_store import Factory
from tracker.application.ports import DossierRecorder, Request
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.dossier.clock import Clock
from tracker.domain.dossier.dossier import Dossier
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.values import Offices, Paper, Promise, Sealed, Stamp, WayOfReturn
from tracker.serialization import to_stored

BEGIN = datetime(2026, 11, 2, 2, tzinfo=UTC)
CLERK = Actor(Role.STAFF, "clerk", office="SO-TUPHAP")


@contextmanager
def sqlite_store(path: Path) -> Iterator[DossierRecorder]:
    factory = Factory({"SQLITE_DBNAME": str(path)})
    try:
        yield cast("DossierRecorder", factory.application_recorder())
    finally:
        factory.close()


def stamp(number: int) -> Stamp:
    moment = BEGIN + timedelta(seconds=number)
    return Stamp(moment, moment, CLERK, CLERK.id, f"e-{number}")


def histories(dossiers: int, steps: int = 4, *, first: int = 1, seed: int = 7) -> Iterator[Event]:
    """Yield the events of this number of dossiers in a random, reproducible order."""
    randomness = random.Random(seed + first)
    numbers = iter(range(first * 1_000_000, first * 1_000_000 + 10 * dossiers * (steps + 3)))
    open_ = {n: Dossier.new(f"H26.05-261102-{n:05d}") for n in range(first, first + dossiers)}
    while open_:
        number = (
            randomness.choice(list(open_))
            if len(open_) < 200
            else randomness.randint(*_ends(open_))
        )
        dossier = open_.get(number)
        if dossier is None:
            continue
        now = stamp(next(numbers))
        match dossier.version:
            case 0:
                _receive(dossier, now)
            case 1:
                dossier.start_processing(now)
            case _:
                dossier.take_internal_step(now, name="check", clerk="An", unit="one")
        yield from (cast("Event", event) for event in dossier.collect_events())
        if dossier.version == steps:
            del open_[number]


def _ends(numbers: dict[int, Dossier]) -> tuple[int, int]:
    return min(numbers), max(numbers)


def _receive(dossier: Dossier, now: Stamp) -> None:
    dossier.receive(
        now,
        clock=cast("Clock", None),  # unused, because the promised date is given
        given=Promise(now.occurred_at + timedelta(days=7), given=True),
        channel="counter",
        offices=Offices("DL-VNPOST-001", "CN05", "SO-TUPHAP"),
        procedure="2.000488",
        procedure_version=1,
        papers=(Paper("Tờ khai"),),
        way_of_return=WayOfReturn.POST,
        applicant=Sealed("c2VhbGVk" * 20),
    )


def append(store: DossierRecorder, events: Iterator[Event] | Sequence[Event]) -> int:
    """Store events and their requests in batches. Return the last position."""
    position = 0
    batch: list[Event] = []
    for event in events:
        batch.append(event)
        if len(batch) == 100:
            position = _insert(store, batch)
            batch = []
    return _insert(store, batch) if batch else position


def _insert(store: DossierRecorder, events: Sequence[Event]) -> int:
    positions = store.insert_events(
        [to_stored(event) for event in events],
        requests=[
            Request((event.source, event.event_id), b"d" * 32, event.code, event.originator_version)
            for event in events
        ],
    )
    return positions[-1] if positions else 0
