"""The contract of a read model: rows and position change together or not at all."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Barrier
from time import sleep
from typing import cast

import pytest
from sqlalchemy import Engine, func, select, text

from tests.contract.list_feed import ListFeed
from tests.contract.random_lives import history, records
from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.adapters.sql.read_models.rebuild import RebuildOvertakenError
from tracker.domain.dossier.events.event import Event
from tracker.projections.dossier.promises import PromisesProjection
from tracker.projections.dossier.status import StatusProjection, StatusRow
from tracker.projections.dossier.timeline import TimelineProjection, TimelineRow
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import GapInHistoryError, Projection
from tracker.projections.model.projector import Projector
from tracker.projections.model.rows import View
from tracker.projections.notifications import NotificationsProjection
from tracker.projections.transparency_log import TransparencyLogProjection

KINDS: tuple[type[Projection], ...] = (
    StatusProjection,
    TimelineProjection,
    PromisesProjection,
    TransparencyLogProjection,
    NotificationsProjection,
)


@cache
def some_events() -> list[Event]:
    return history(3, dossiers=6, steps=80)


@dataclass
class Following:
    """A projection, its feed and its tables."""

    projection: Projection
    feed: ListFeed
    model: SqlReadModel
    engine: Engine

    def projector(self) -> Projector:
        return Projector(self.projection, self.feed, self.model)

    def position(self) -> int:
        return self.model.position("list")

    def count(self) -> int:
        with self.model.reading() as (connection, generation):
            tables = [table_of(kind, generation) for kind in self.projection.ROWS]
            counts = [
                connection.scalar(select(func.count()).select_from(table)) for table in tables
            ]
        return sum(cast("int", count) for count in counts)

    def tamper(self, statement: str) -> None:
        with writing(self.engine).begin() as connection:
            connection.execute(text(statement))


def follow(
    engine: Engine,
    kind: type[Projection] = StatusProjection,
    events: Sequence[Event] | None = None,
) -> Following:
    projection = kind()
    model = SqlReadModel(engine, projection)
    model.create()
    return Following(
        projection, ListFeed(list(some_events() if events is None else events)), model, engine
    )


@pytest.fixture(params=KINDS)
def following(request: pytest.FixtureRequest, engine: Engine) -> Following:
    return follow(engine, request.param)


# a batch


def test_an_empty_read_model_is_at_position_0(following: Following) -> None:
    assert (following.position(), following.count()) == (0, 0)


def test_making_it_twice_keeps_what_is_in_it(following: Following) -> None:
    following.projector().catch_up()
    digest = following.model.digest()
    following.model.create()
    assert (following.model.digest(), following.position()) == (digest, len(some_events()))


def test_tables_of_another_version_are_left_for_new_ones_that_fill_up_again(
    following: Following,
) -> None:
    following.projector().catch_up()
    digest = following.model.digest()
    table = table_of(following.projection.ROWS[-1], 1).name
    following.tamper(f"ALTER TABLE {table} ADD COLUMN planted integer")
    following.model.create()
    assert (following.position(), following.count()) == (0, 0)
    following.projector().catch_up()
    assert (following.model.digest(), following.position()) == (digest, len(some_events()))
    following.model.create()
    assert following.position() == len(some_events())


def test_catching_up_takes_every_event_once_and_then_nothing(following: Following) -> None:
    assert following.projector().catch_up() == len(some_events())
    digest = following.model.digest()
    assert following.projector().catch_up() == 0
    assert (following.model.digest(), following.position()) == (digest, len(some_events()))


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_the_size_of_the_batches_makes_no_difference(engine: Engine, limit: int) -> None:
    digests = set()
    for kind in KINDS:
        model = follow(engine, kind)
        projector = model.projector()
        while projector.run_once("list", limit=limit):
            pass
        again = model.model.next_generation()
        Projector(kind(), model.feed, again).catch_up()
        digests.add(model.model.digest() == again.digest())
    assert digests == {True}


def test_an_exception_within_a_batch_leaves_neither_rows_nor_position(
    following: Following,
) -> None:
    following.projector().run_once("list", limit=20)
    before = (following.model.digest(), following.position())

    class Fails(type(following.projection)):  # type: ignore[misc]
        def apply(self, records: Sequence[Record], view: View) -> None:
            super().apply(records, view)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Projector(Fails(), following.feed, following.model).run_once("list")
    assert (following.model.digest(), following.position()) == before
    following.projector().catch_up()
    assert following.position() == len(some_events())


def test_a_batch_that_does_not_begin_at_the_position_of_the_model_is_skipped(
    following: Following,
) -> None:
    following.projector().run_once("list", limit=10)
    digest = following.model.digest()
    for after in (0, 5, 11):
        with following.model.batch() as batch:
            assert not batch.advance("list", after=after, last=records(some_events())[19])
    assert (following.model.digest(), following.position()) == (digest, 10)


def test_two_projectors_racing_on_one_model_write_nothing_twice(engine: Engine) -> None:
    for kind in KINDS:
        racing = follow(engine, kind)
        barrier = Barrier(4)

        def run(racing: Following = racing, barrier: Barrier = barrier) -> None:
            projector = racing.projector()
            barrier.wait()
            while projector.run_once("list", limit=3):
                pass

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(run) for _ in range(4)]:
                future.result()
        alone = racing.model.next_generation()
        Projector(kind(), racing.feed, alone).catch_up()
        assert racing.position() == len(some_events())
        assert racing.model.digest() == alone.digest()


def test_two_projections_in_one_database_have_each_its_own_position(engine: Engine) -> None:
    status, timeline = follow(engine), follow(engine, TimelineProjection)
    status.projector().run_once("list", limit=9)
    assert (status.position(), timeline.position()) == (9, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_event_stops_the_model_before_it(engine: Engine, kind: type[Projection]) -> None:
    victim = next(event for event in some_events() if event.originator_version == 2)
    holed = follow(engine, kind, [event for event in some_events() if event is not victim])
    with pytest.raises(GapInHistoryError):
        holed.projector().catch_up()
    assert (holed.position(), holed.count()) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_that_comes_again_later_is_passed_over(
    engine: Engine, kind: type[Projection]
) -> None:
    clean, repeated = follow(engine, kind), follow(engine, kind)
    clean.projector().catch_up()
    again = clean.model.next_generation()
    repeated.feed.events = [*some_events(), *some_events()[:10]]
    repeated.feed.upto = len(repeated.feed.events)
    Projector(kind(), repeated.feed, again).catch_up()
    assert again.digest() == clean.model.digest()


# blue and green


def rebuilt(following: Following) -> SqlReadModel:
    green = following.model.next_generation()
    Projector(following.projection, following.feed, green).catch_up()
    return green


def test_a_rebuilt_model_is_equal_and_takes_the_place_of_the_old(following: Following) -> None:
    following.projector().catch_up()
    digest = following.model.digest()
    comparison = following.model.compare_and_switch(rebuilt(following), following.feed)
    assert comparison.equal
    assert comparison.live == comparison.rebuilt == digest
    with following.model.reading() as (_, generation):
        assert generation == 2
    assert (following.model.digest(), following.position()) == (digest, len(some_events()))


def test_a_rebuild_that_is_behind_or_ahead_is_brought_level_first(following: Following) -> None:
    for live_at, green_at in ((50, 20), (20, 50)):
        following.feed.upto = live_at
        live = follow(following.engine, type(following.projection))
        live.feed = following.feed
        live.projector().catch_up()
        green = live.model.next_generation()
        following.feed.upto = green_at
        Projector(following.projection, following.feed, green).catch_up()
        following.feed.upto = len(some_events())
        assert live.model.compare_and_switch(green, following.feed).equal
    following.projector().catch_up()
    assert following.position() == len(some_events())


TAMPERING = {
    StatusProjection: "UPDATE status_1 SET promised_at = promised_at + 1"
    " WHERE code = (SELECT MIN(code) FROM status_1 WHERE promised_at IS NOT NULL)",
    TimelineProjection: "DELETE FROM timeline_1 WHERE version = 3",
    PromisesProjection: "UPDATE promises_1 SET given = NOT given WHERE version = 1",
    TransparencyLogProjection: "UPDATE log_1 SET nodes = chain WHERE leaf = 7",
    NotificationsProjection: "UPDATE outbox_1 SET kind = 'planted' WHERE version = 1",
}


def test_a_rebuild_finds_a_tampered_row_and_switches_nothing(following: Following) -> None:
    following.projector().catch_up()
    following.tamper(TAMPERING[type(following.projection)])
    tampered = following.model.digest()
    green = rebuilt(following)
    comparison = following.model.compare_and_switch(green, following.feed)
    assert not comparison.equal
    assert (comparison.live, comparison.rebuilt) == (tampered, green.digest())
    with following.model.reading() as (_, generation):
        assert generation == 1
    assert following.model.digest() == tampered


def test_after_a_difference_the_next_rebuild_begins_afresh_and_finds_it_again(
    following: Following,
) -> None:
    following.projector().catch_up()
    following.tamper(TAMPERING[type(following.projection)])
    for _ in range(2):
        green = rebuilt(following)
        assert not following.model.compare_and_switch(green, following.feed).equal


def test_a_row_that_is_missing_is_found_too(engine: Engine) -> None:
    status = follow(engine)
    status.projector().catch_up()
    status.tamper("DELETE FROM status_1 WHERE code = (SELECT MAX(code) FROM status_1)")
    assert not status.model.compare_and_switch(rebuilt(status), status.feed).equal


def test_a_rebuild_that_another_overtook_raises_an_error(following: Following) -> None:
    following.projector().catch_up()
    late = rebuilt(following)
    assert following.model.compare_and_switch(late, following.feed).equal
    with pytest.raises(RebuildOvertakenError):
        following.model.compare_and_switch(late, following.feed)


def test_the_model_goes_on_being_followed_after_a_switch(following: Following) -> None:
    following.feed.upto = 30
    following.projector().catch_up()
    for _ in range(3):
        assert following.model.compare_and_switch(rebuilt(following), following.feed).equal
    following.feed.upto = len(some_events())
    assert following.projector().catch_up() == len(some_events()) - 30
    fresh = rebuilt(following)
    assert fresh.digest() == following.model.digest()


def test_who_reads_during_a_switch_reads_whole_tables_of_one_generation(engine: Engine) -> None:
    timeline = follow(engine, TimelineProjection)
    timeline.projector().catch_up()
    green = rebuilt(timeline)
    with ThreadPoolExecutor(1) as pool:
        with timeline.model.reading() as (connection, generation):
            table = table_of(TimelineRow, generation)
            first = connection.scalar(select(func.count()).select_from(table))
            switch = pool.submit(timeline.model.compare_and_switch, green, timeline.feed)
            second = connection.scalar(select(func.count()).select_from(table))
            assert (generation, first, second) == (1, len(some_events()), len(some_events()))
        assert switch.result(60).equal
    with timeline.model.reading() as (connection, generation):
        table = table_of(TimelineRow, generation)
        assert (generation, connection.scalar(select(func.count()).select_from(table))) == (
            2,
            len(some_events()),
        )


def test_many_readers_during_many_switches_never_miss_a_row(engine: Engine) -> None:
    status = follow(engine)
    status.projector().catch_up()
    dossiers = len({event.code for event in some_events()})
    done = False

    def read() -> set[int]:
        seen = set()
        while not done:
            with status.model.reading() as (connection, generation):
                table = table_of(StatusRow, generation)
                seen.add(connection.scalar(select(func.count()).select_from(table)) or 0)
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for _ in range(5):
                assert status.model.compare_and_switch(rebuilt(status), status.feed).equal
                sleep(0.2)  # as between two rebuilds: earlier reads have ended
                status.model.drop_old()
        finally:
            done = True
        assert [reader.result() for reader in readers] == [{dossiers}] * 3


def test_a_projector_that_began_before_a_switch_writes_into_the_new_tables_or_not_at_all(
    engine: Engine,
) -> None:
    status = follow(engine)
    status.feed.upto = 30
    status.projector().catch_up()
    green = rebuilt(status)
    after = status.position()
    assert status.model.compare_and_switch(green, status.feed).equal
    batch_of_then = records(some_events())[30:40]
    with status.model.batch() as batch:
        assert batch.advance("list", after=after, last=batch_of_then[-1])
        status.projection.apply(batch_of_then, batch.view)
    status.feed.upto = len(some_events())
    status.projector().catch_up()
    assert status.model.digest() == rebuilt(status).digest()


def test_a_rebuild_may_be_put_in_place_of_a_tampered_model_by_decision(
    following: Following,
) -> None:
    following.projector().catch_up()
    clean = following.model.digest()
    following.tamper(TAMPERING[type(following.projection)])
    green = rebuilt(following)
    assert not following.model.compare_and_switch(green, following.feed).equal
    following.model.replace_with(green)
    assert (following.model.digest(), following.position()) == (clean, len(some_events()))
