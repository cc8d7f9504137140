"""The contract of the stored Merkle log: the tree, and the trees of heads."""

from functools import cache
from uuid import UUID

import pytest
from sqlalchemy import Engine, inspect

from tests.contract.list_feed import ListFeed
from tests.contract.random_lives import history
from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.read_models.transparency_log import MissingLeafError, SqlTransparencyLog
from tracker.application.audit.proofs import NoCheckpointError
from tracker.domain.dossier.events.event import Event
from tracker.domain.transparency_log.leaves import NO_CHAIN, chained, head_hash, leaf_hash
from tracker.domain.transparency_log.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from tracker.projections.model.projector import Projector
from tracker.projections.transparency_log import TransparencyLogProjection
from tracker.serialization import encode


@cache
def some_events() -> list[Event]:
    return history(3, dossiers=9, steps=120)


@pytest.fixture
def model(engine: Engine) -> SqlReadModel:
    made = SqlReadModel(engine, TransparencyLogProjection())
    made.create()
    return made


@pytest.fixture
def log(engine: Engine, model: SqlReadModel) -> SqlTransparencyLog:
    Projector(TransparencyLogProjection(), ListFeed(some_events()), model).catch_up()
    return SqlTransparencyLog(engine, model)


def root_by_hand(size: int) -> bytes:
    tree = Frontier()
    for event in some_events()[:size]:
        tree.append(leaf_hash(event.TOPIC, encode(event)))
    return tree.root()


def heads_by_hand(size: int) -> list[bytes]:
    """Return the leaves of the tree of heads, computed from the events alone."""
    newest = {event.originator_id: number for number, event in enumerate(some_events()[:size])}
    projected = rows_by_hand()
    return [
        head_hash(dossier, some_events()[number].originator_version, number, projected[number])
        for dossier, number in sorted(newest.items())
    ]


def rows_by_hand() -> list[bytes]:
    chains: dict[UUID, bytes] = {}
    made = []
    for number, event in enumerate(some_events()):
        before = chains.get(event.originator_id, NO_CHAIN)
        chain = chained(before, number, leaf_hash(event.TOPIC, encode(event)))
        chains[event.originator_id] = chain
        made.append(chain)
    return made


def test_an_empty_log_has_the_empty_root(engine: Engine, model: SqlReadModel) -> None:
    empty = SqlTransparencyLog(engine, model)
    assert (empty.size(), root_of(0, empty.fetch)) == (0, EMPTY_ROOT)


def test_the_root_at_every_size_is_that_of_the_events(log: SqlTransparencyLog) -> None:
    assert log.size() == len(some_events())
    for size in range(1, len(some_events()) + 1):
        assert root_of(size, log.fetch) == root_by_hand(size)


def test_every_leaf_is_proven_and_every_size_continues_every_other(log: SqlTransparencyLog) -> None:
    size, root = len(some_events()), root_by_hand(len(some_events()))
    for leaf in range(size):
        proof = inclusion_proof(leaf, size, log.fetch)
        row = log.leaf(leaf)
        assert row is not None
        check_inclusion(leaf, size, row.node(0), proof, root)
    for first in range(1, size, 7):
        proof = consistency_proof(first, size, log.fetch)
        check_consistency(first, size, root_by_hand(first), root, proof)


def test_a_rebuilt_log_has_the_very_same_roots(engine: Engine, model: SqlReadModel) -> None:
    feed = ListFeed(some_events())
    Projector(TransparencyLogProjection(), feed, model).catch_up()
    before = [
        root_of(size, SqlTransparencyLog(engine, model).fetch)
        for size in (1, 50, len(some_events()))
    ]
    green = model.next_generation()
    while Projector(TransparencyLogProjection(), feed, green).run_once("list", limit=17):
        pass
    assert model.compare_and_switch(green, feed).equal
    model.drop_old()
    after = [
        root_of(size, SqlTransparencyLog(engine, model).fetch)
        for size in (1, 50, len(some_events()))
    ]
    assert after == before


def test_a_missing_leaf_is_said_to_be_missing(log: SqlTransparencyLog, engine: Engine) -> None:
    with writing(engine).begin() as connection:
        connection.exec_driver_sql("DELETE FROM log_1 WHERE leaf = 63")
    with pytest.raises(MissingLeafError):
        log.fetch([Node(6, 0)])


@pytest.mark.parametrize("size", [1, 2, 40, None])
def test_the_tree_of_heads_is_made_as_the_log_was_at_that_size(
    log: SqlTransparencyLog, size: int | None
) -> None:
    size = size or len(some_events())
    by_hand = Frontier()
    for head in heads_by_hand(size):
        by_hand.append(head)
    assert log.make_heads(size) == (by_hand.size, by_hand.root())
    assert log.make_heads(size) == (by_hand.size, by_hand.root())


def test_every_dossiers_head_is_proven(log: SqlTransparencyLog) -> None:
    size = len(some_events())
    count, root = log.make_heads(size)
    for dossier in {event.originator_id for event in some_events()}:
        (head,) = log.heads_around(dossier, size)
        hashed = head_hash(dossier, head.version, head.leaf, head.chain)
        proof = inclusion_proof(head.number, count, lambda nodes: log.fetch_heads(size, nodes))
        check_inclusion(head.number, count, hashed, proof, root)
        assert head.leaf == log.leaves_of(dossier, size)[-1].leaf


def test_a_dossier_that_is_not_there_lies_between_two_that_are_side_by_side(
    log: SqlTransparencyLog,
) -> None:
    size = len(some_events())
    count, _ = log.make_heads(size)
    ids = sorted({event.originator_id for event in some_events()})
    for number, dossier in enumerate(ids[:-1]):
        between = log.heads_around(UUID(int=dossier.int + 1), size)
        assert [head.number for head in between] == [number, number + 1]
    assert [head.number for head in log.heads_around(UUID(int=0), size)] == [0]
    assert [head.number for head in log.heads_around(UUID(int=2**128 - 1), size)] == [count - 1]


def test_only_the_trees_of_heads_that_are_kept_stay(
    log: SqlTransparencyLog, engine: Engine
) -> None:
    for size in (10, 20, 30):
        log.make_heads(size)
    log.drop_heads([20, 30])
    tables = {name for name in inspect(engine).get_table_names() if name.startswith("log_heads")}
    assert tables == {"log_heads_20", "log_heads_30"}
    with pytest.raises(NoCheckpointError):
        log.heads_around(UUID(int=0), 10)
