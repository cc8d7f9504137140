"""Lot after lot, none twice and none left out, whoever reads ahead."""

import pytest
from eventsourcing.persistence import OperationalError

from tests.kafka.histories import append, histories
from tests.kafka.relaying import Spoilt
from tracker.adapters.kafka.records import Outgoing, outgoing
from tracker.adapters.kafka.relay.read_ahead import ReadAhead
from tracker.application.ports import DossierRecorder


def test_lots_read_ahead_follow_one_another_without_a_gap(store: DossierRecorder) -> None:
    head = append(store, histories(30))
    expected = [outgoing("t", one) for one in store.select_notifications(8, head)]
    with ReadAhead(store, "t", after=7, limit=50) as lots:
        found: list[Outgoing] = []
        ends: list[int] = []
        while lot := lots.next():
            found += lot.records
            ends.append(lot.position)
            lots.read_on()
    assert found == expected
    assert ends == [57, 107, head]


def test_the_next_lot_is_read_before_anybody_wants_it(store: DossierRecorder) -> None:
    append(store, histories(30))
    spoilt = Spoilt(store)
    with ReadAhead(spoilt, "t", after=0, limit=50) as lots:
        lots.next()
        spoilt.go_on.clear()
        lots.read_on()
        assert spoilt.frozen.wait(60)
        spoilt.go_on.set()


def test_what_is_stored_after_a_lot_that_was_not_full_is_found_at_once(
    store: DossierRecorder,
) -> None:
    append(store, histories(2))
    with ReadAhead(store, "t", after=0, limit=50) as lots:
        lots.next()
        lots.read_on()
        head = append(store, histories(2, first=50))
        lot = lots.next()
    assert lot is not None
    assert (lot.position, len(lot.records)) == (head, 8)


def test_a_database_that_fails_while_read_ahead_is_not_taken_for_an_empty_one(
    store: DossierRecorder,
) -> None:
    append(store, histories(30))
    spoilt = Spoilt(store)
    with ReadAhead(spoilt, "t", after=0, limit=50) as lots:
        lots.next()
        spoilt.error = OperationalError()
        lots.read_on()
        with pytest.raises(OperationalError):
            lots.next()
