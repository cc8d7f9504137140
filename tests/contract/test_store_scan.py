"""The contract of a store scan: each dossier whole, once, in order, up to a position."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from random import Random

import pytest
from eventsourcing.persistence import StoredEvent

from tests.contract.makers import open_recorder
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.event_store.store_scan import SqlStoreScan
from tracker.application.audit.verify_store import StoredRow
from tracker.application.ports import DossierRecorder
from tracker.domain.dossier.codes import dossier_id

IDS = [dossier_id(f"H26.05-261122-{number:04d}") for number in range(300)]


class Store:
    """A store and the scan that reads it."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.recorder: DossierRecorder = open_recorder(library_variables(url), stack)
        engine = open_engine(url)
        stack.callback(engine.dispose)
        self.scan = SqlStoreScan(engine)

    def dossiers(self, up_to: int, **only: object) -> list[Sequence[StoredRow]]:
        return list(self.scan.dossiers(up_to=up_to, **only))  # type: ignore[arg-type]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with ExitStack() as stack:
        yield Store(store_url, stack)


def rows(store: Store, up_to: int) -> list[list[StoredRow]]:
    """Return the expected rows by dossier, read in the order of the store."""
    rows: dict[str, list[StoredRow]] = {}
    for event in store.recorder.select_notifications(None, 100_000):
        if event.id <= up_to:
            hexed = str(event.originator_id).replace("-", "")
            row = StoredRow(event.id, hexed, event.originator_version, event.topic, event.state)
            rows.setdefault(hexed, []).append(row)
    return [rows[hexed] for hexed in sorted(rows)]


def fill(store: Store, events: int) -> None:
    chance, versions = Random(7), [0] * len(IDS)
    stored = []
    for number in range(events):
        # The history of one dossier is longer than one read.
        place = 0 if number % 2 else chance.randrange(len(IDS))
        versions[place] += 1
        stored.append(StoredEvent(IDS[place], versions[place], f"t{number % 5}", b"%d" % number))
    store.recorder.insert_events(stored)


def test_every_dossier_comes_once_whole_and_in_order(store: Store) -> None:
    fill(store, 4001)
    head = store.scan.head()
    assert store.dossiers(head) == rows(store, head)
    assert store.dossiers(head - 1000) == rows(store, head - 1000)
    assert store.dossiers(head, only=IDS[0]) == [
        some for some in rows(store, head) if some[0].dossier_id == IDS[0].hex
    ]
    assert store.dossiers(head, only=dossier_id("H26.05-200101-0001")) == []


@pytest.mark.parametrize("events", [1, 999, 1000, 1001, 2000])
def test_where_one_reading_ends_and_the_next_begins_nothing_is_lost(
    store: Store, events: int
) -> None:
    fill(store, events)
    assert store.dossiers(store.scan.head()) == rows(store, store.scan.head())


def test_an_empty_store_has_no_dossiers(store: Store) -> None:
    assert store.dossiers(0) == []


def test_dossiers_without_a_key_are_found_and_erased_ones_are_distinguished(store: Store) -> None:
    kept, lost, erased, back = IDS[:4]
    store.recorder.insert_events(
        [
            *(StoredEvent(dossier, 1, "begun", b"1") for dossier in IDS[:4]),
            *(StoredEvent(dossier, 2, "erased", b"2") for dossier in (erased, back)),
            StoredEvent(lost, 2, "went on", b"2"),
        ],
        new_keys={kept: b"k", back: b"k"},
    )
    assert [[row.topic for row in rows] for rows in store.scan.keyless("erased")] == [
        ["begun", "went on"]
    ]
    assert store.scan.erased_with_key("erased") == [back]
    store.recorder.insert_events([], erased_keys=[back])
    assert store.scan.erased_with_key("erased") == []
    assert len(list(store.scan.keyless("erased"))) == 1
