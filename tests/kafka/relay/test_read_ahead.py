"""Reading ahead returns each event of the store once and leaves none out."""

import pytest
from eventsourcing.persistence import OperationalError

from tests.kafka.histories import append, histories
from tests.kafka.relaying import FaultyStore
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay.read_ahead import ReadAhead
from tracker.application.ports import DossierRecorder


def test_batches_read_ahead_have_no_gap_between_them(store: DossierRecorder) -> None:
    head = append(store, histories(30))
    expected = [outgoing("t", event) for event in store.select_notifications(8, head)]
    with ReadAhead(store, "t", after=7, limit=50) as batches:
        records: list[Outgoing] = []
        ends: list[int] = []
        while batch := batches.next():
            records += batch.records
            ends.append(batch.position)
            batches.read_on()
    assert records == expected
    assert ends == [57, 107, head]


def test_the_next_batch_is_read_before_it_is_requested(store: DossierRecorder) -> None:
    append(store, histories(30))
    faulty = FaultyStore(store)
    with ReadAhead(faulty, "t", after=0, limit=50) as batches:
        batches.next()
        faulty.go_on.clear()
        batches.read_on()
        assert faulty.frozen.wait(60)
        faulty.go_on.set()


def test_events_stored_after_a_batch_that_was_not_full_are_found_at_once(
    store: DossierRecorder,
) -> None:
    append(store, histories(2))
    with ReadAhead(store, "t", after=0, limit=50) as batches:
        batches.next()
        batches.read_on()
        head = append(store, histories(2, first=50))
        batch = batches.next()
    assert batch is not None
    assert (batch.position, len(batch.records)) == (head, 8)


def test_a_database_error_while_reading_ahead_is_raised(
    store: DossierRecorder,
) -> None:
    append(store, histories(30))
    faulty = FaultyStore(store)
    with ReadAhead(faulty, "t", after=0, limit=50) as batches:
        batches.next()
        faulty.error = OperationalError()
        batches.read_on()
        with pytest.raises(OperationalError):
            batches.next()
