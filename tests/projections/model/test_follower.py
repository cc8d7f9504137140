"""Several read models on one feed: each event is read once, and slow models catch up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from time import monotonic, sleep
from typing import cast

import pytest

from tests.contract.list_feed import ListFeed
from tests.contract.random_lives import history
from tracker.domain.dossier.events.event import Event
from tracker.projections.model.feed import Record
from tracker.projections.model.follower import Follower, ProjectionStoppedError
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector
from tracker.projections.model.rows import View


@cache
def some_events() -> list[Event]:
    return history(5, dossiers=4, steps=60)


class CountedFeed(ListFeed):
    """A list feed that records every position it reads."""

    def __init__(self) -> None:
        super().__init__(list(some_events()))
        self.read_positions: list[int] = []

    def read(self, partition: str, *, after: int, limit: int) -> Sequence[Record]:
        records = super().read(partition, after=after, limit=limit)
        self.read_positions += [record.position for record in records]
        return records

    def wait(self, seconds: float) -> None:
        sleep(min(seconds, 0.01))


@dataclass
class Model(Projection):
    """A projection and its tables in memory; `taken` lists the positions in order."""

    at: int = 0
    breaks_at: int | None = None
    taken: list[int] = field(default_factory=list)
    asked: int = 0

    NAME = "model"
    ROWS = ()

    def apply(self, records: Sequence[Record], view: View) -> None:
        if self.breaks_at in (positions := [record.position for record in records]):
            message = "broken"
            raise RuntimeError(message)
        self.taken += positions

    def positions(self) -> Mapping[str, int]:
        self.asked += 1
        return {"list": self.at}

    @contextmanager
    def batch(self) -> Iterator["Model"]:
        before = self.at
        try:
            yield self
        except BaseException:
            self.at = before
            raise

    @property
    def view(self) -> View:
        return cast("View", None)

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        if self.at != after:
            return False
        self.at = last.position
        return True


def follower(feed: ListFeed, **models: Model) -> Follower:
    projectors = {name: Projector(model, feed, model) for name, model in models.items()}
    return Follower(feed, projectors, at_once=2)


class SplitFeed(ListFeed):
    """A feed with the same events in each of three partitions."""

    def partitions(self) -> Sequence[str]:
        return ("b", "a", "c")


@dataclass
class SplitModel(Model):
    """A read model with a position for each partition; `batches` has one list a transaction."""

    positions_by_partition: dict[str, int] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    batches: list[list[int]] = field(default_factory=list)

    def apply(self, records: Sequence[Record], view: View) -> None:
        self.batches.append([record.position for record in records])

    def positions(self) -> Mapping[str, int]:
        return dict(self.positions_by_partition)

    def advance(self, partition: str, *, after: int, last: Record) -> bool:
        self.moved.append(partition)
        if self.positions_by_partition.get(partition, 0) != after:
            return False
        self.positions_by_partition[partition] = last.position
        return True


def test_a_batch_is_of_all_partitions_and_they_are_moved_on_in_one_order() -> None:
    feed, model = SplitFeed(list(some_events())), SplitModel()
    feed.upto = 3
    following = follower(feed, model=model)
    assert following.catch_up() == 9
    assert model.batches == [[1, 2, 3, 1, 2, 3, 1, 2, 3]]
    feed.upto = 4
    following.catch_up()
    assert model.moved == ["a", "b", "c", "a", "b", "c"]


def test_a_partition_moved_by_another_worker_does_not_hold_back_the_others() -> None:
    feed, model = SplitFeed(list(some_events())), SplitModel()
    feed.upto = 2
    following = follower(feed, model=model)
    following.run_once()
    model.positions_by_partition["b"] = 5  # another worker wrote this
    feed.upto = 7
    following.catch_up()
    assert model.batches == [[1, 2] * 3, [3, 4, 5, 6, 7] * 2, [6, 7]]


def test_a_partition_that_always_has_more_does_not_keep_the_others_back() -> None:
    model = SplitModel()
    following = follower(SplitFeed(list(some_events())), model=model)
    for _ in range(3):
        assert following.run_once(limit=10) == 10
    assert model.positions_by_partition == {"a": 10, "b": 10, "c": 10}


def test_every_event_is_read_once_for_all() -> None:
    feed, first, second = CountedFeed(), Model(), Model()
    assert follower(feed, first=first, second=second).catch_up() == len(some_events())
    assert (
        first.taken == second.taken == feed.read_positions == list(range(1, len(some_events()) + 1))
    )


def test_a_slow_model_catches_up_alone_and_then_shares_batches() -> None:
    feed, late, early = CountedFeed(), Model(), Model(at=40)
    following = follower(feed, late=late, early=early)
    feed.upto = 45
    while following.run_once(limit=30):
        pass
    feed.upto = len(some_events())
    following.catch_up()
    assert late.taken == list(range(1, len(some_events()) + 1))
    assert early.taken == list(range(41, len(some_events()) + 1))
    after = [place for place in feed.read_positions if place > 45]
    assert after == list(range(46, len(some_events()) + 1))


def test_a_slow_model_joins_the_others_while_they_continue() -> None:
    feed, late, early = CountedFeed(), Model(), Model(at=4)
    following = follower(feed, late=late, early=early)
    for upto in range(6, 30, 2):
        feed.upto = upto
        following.run_once(limit=8)
    assert late.at == early.at == 28
    assert feed.read_positions.count(28) == 1


def test_a_failed_model_is_named_and_the_others_keep_their_batches() -> None:
    broken, sound = Model(breaks_at=7), Model()
    following = follower(CountedFeed(), broken=broken, sound=sound)
    with pytest.raises(ProjectionStoppedError, match=r"^broken: broken$"):
        following.run_once(limit=10)
    assert (broken.at, broken.taken) == (0, [])
    assert (sound.at, sound.taken) == (10, list(range(1, 11)))


def test_a_batch_written_by_another_worker_is_not_written_again() -> None:
    feed, model = CountedFeed(), Model()
    following = follower(feed, model=model)
    following.run_once(limit=5)
    model.at = 12  # another worker wrote this
    following.run_once(limit=5)
    following.run_once(limit=5)
    assert model.taken == [1, 2, 3, 4, 5, 13, 14, 15, 16, 17]


def test_the_next_batch_is_read_while_a_full_one_is_written() -> None:
    feed = CountedFeed()

    class Waits(Model):
        def apply(self, records: Sequence[Record], view: View) -> None:
            until = monotonic() + 5
            while feed.read_positions[-1] == records[-1].position < 15:
                assert monotonic() < until, "the next batch is not read meanwhile"
                sleep(0.001)
            super().apply(records, view)

    feed.upto = 15
    model = Waits()
    assert follower(feed, model=model).run_once(limit=5) == 5
    assert (model.at, feed.read_positions) == (5, list(range(1, 11)))


def test_the_positions_are_not_read_before_each_batch() -> None:
    model = Model()
    following = follower(CountedFeed(), model=model)
    while following.run_once(limit=5):
        pass
    assert model.asked == 1


def test_tables_switched_by_another_process_are_filled_without_new_events() -> None:
    feed, model = CountedFeed(), Model()
    following = follower(feed, model=model)
    passes = iter(range(1_000))

    def stopping() -> bool:
        if next(passes) == 5:
            model.at = 0
        return model.taken.count(len(some_events())) == 2

    following.run(stopping)
    assert model.at == len(some_events())
