"""Events in, leaves out."""

import hashlib
from functools import cache

from tests.contract.random_lives import history
from tests.projections.memory_view import MemoryView, as_records
from tracker.domain.dossier.events.event import Event
from tracker.domain.transparency_log.leaves import NO_CHAIN, chained, leaf_hash
from tracker.domain.transparency_log.merkle import Frontier
from tracker.projections.transparency_log import LogRow, TransparencyLogProjection
from tracker.serialization import encode


@cache
def some_events() -> list[Event]:
    return history(5, dossiers=7, steps=60)


def logged(*sizes: int) -> list[LogRow]:
    """Return the leaves after batches of these sizes."""
    view, at = MemoryView(), 0
    for size in sizes:
        TransparencyLogProjection().apply(as_records(some_events()[at : at + size], at), view)
        at += size
    return [row for row in view.added if isinstance(row, LogRow)]


def test_leaves_are_numbered_from_zero_in_the_order_of_the_store() -> None:
    rows = logged(len(some_events()))
    assert [row.leaf for row in rows] == list(range(len(some_events())))
    assert [row.position for row in rows] == list(range(1, len(some_events()) + 1))
    assert [(row.dossier_id, row.version) for row in rows] == [
        (event.originator_id, event.originator_version) for event in some_events()
    ]


def test_a_leaf_is_made_of_the_stored_name_and_the_stored_bytes() -> None:
    for row, event in zip(logged(len(some_events())), some_events(), strict=True):
        assert row.node(0) == leaf_hash(event.TOPIC, encode(event))
    assert leaf_hash("a.v1", b"{}") == hashlib.sha256(b"\0a.v1\n{}").digest()


def test_however_events_come_in_batches_the_leaves_are_the_same() -> None:
    whole = logged(len(some_events()))
    assert logged(*[1] * len(some_events())) == whole
    assert logged(3, 13, 1, 16, len(some_events()) - 33) == whole


def test_the_nodes_are_those_that_end_with_the_leaf() -> None:
    tree = Frontier()
    for row in logged(len(some_events())):
        assert row.nodes == b"".join(tree.append(row.node(0)))


def test_a_leaf_names_its_dossiers_previous_leaf_and_the_chain_runs_through_all_of_them() -> None:
    newest: dict[object, LogRow] = {}
    for row in logged(len(some_events())):
        before = newest.get(row.dossier_id)
        assert row.previous == (before.leaf if before else None)
        assert row.chain == chained(before.chain if before else NO_CHAIN, row.leaf, row.node(0))
        newest[row.dossier_id] = row
    assert len(newest) == 7


def test_an_event_that_comes_again_adds_nothing() -> None:
    view = MemoryView()
    projection = TransparencyLogProjection()
    projection.apply(as_records(some_events()[:9]), view)
    projection.apply(as_records(some_events()[:9]), view)
    assert len(view.added) == 9
