"""Random legal histories: rows equal the folded events, and figures equal the oracle's count."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict
from sqlalchemy import Engine, select

from tests.contract.list_feed import ListFeed
from tests.contract.oracle import expected_figures
from tests.contract.random_lives import BEGIN, by_dossier, history
from tracker.adapters.sql.columns import table_of
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.read_models.figures import SqlFigures
from tracker.adapters.sql.read_models.read_model import SqlReadModel
from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.lifecycle import Step
from tracker.domain.dossier.state import DossierState
from tracker.projections.dossier.promises import PromiseRow, PromisesProjection, SlaRow
from tracker.projections.dossier.status import StatusProjection, StatusRow
from tracker.projections.dossier.timeline import TimelineProjection
from tracker.projections.figures.figures import GroupBy, Question
from tracker.projections.figures.recomputation import recomputed
from tracker.projections.model.projection import Projection
from tracker.projections.model.projector import Projector

PARTNERS = {"DL-VNPOST-001": "VNPOST"}


def partner_of(office: str) -> str:
    return PARTNERS.get(office, "")


ENDS = {"refused_at": Step.REFUSED, "withdrawn_at": Step.WITHDRAWN}
SEEDS = st.integers(0, 10**9)
calmly = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
READ_MODELS = "status|sla|promises|timeline"
slowly = settings(calmly, max_examples=4)


@dataclass
class Hands:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Office:
    """The three read models of one list of events, and the figures that read them."""

    def __init__(self, engine: Engine, events: list[Event]) -> None:
        self.events = events
        self.feed = ListFeed(events)
        self.models: dict[type[Projection], SqlReadModel] = {}
        for kind in (StatusProjection, TimelineProjection, PromisesProjection):
            self.models[kind] = SqlReadModel(engine, kind())
            self.models[kind].create()
        self.hands = Hands(events[-1].recorded_at)
        self.figures = SqlFigures(
            self.models[PromisesProjection],
            self.models[TimelineProjection],
            partner_of=partner_of,
            now=self.hands,
        )

    def catch_up(self, upto: int | None = None, limit: int = 1_000) -> None:
        self.feed.upto = len(self.events) if upto is None else upto
        for kind, model in self.models.items():
            projector = Projector(kind(), self.feed, model)
            while projector.run_once("list", limit=limit):
                pass

    def dossiers(self) -> list[UUID]:
        return sorted({event.originator_id for event in self.events})

    def status(self) -> dict[UUID, StatusRow]:
        with self.models[StatusProjection].batch() as batch:
            rows = batch.view.of(StatusRow, self.dossiers())
            return {row.dossier_id: row for row in rows if row}

    def sla(self) -> dict[UUID, SlaRow]:
        with self.models[PromisesProjection].batch() as batch:
            rows = batch.view.of(SlaRow, self.dossiers())
            return {row.dossier_id: row for row in rows if row}

    def promises(self, dossier: UUID) -> list[PromiseRow]:
        with self.models[PromisesProjection].reading() as (connection, generation):
            table = table_of(PromiseRow, generation)
            query = select(table).where(table.c.dossier_id == dossier).order_by(table.c.version)
            return [PromiseRow(**row._mapping) for row in connection.execute(query)]


class Offices:
    """Makes an office in a new place for every example."""

    def __init__(self, maker: Callable[[], AbstractContextManager[Engine]]) -> None:
        self._maker = maker

    def open(self, stack: ExitStack, events: list[Event]) -> Office:
        return Office(stack.enter_context(self._maker()), events)


@contextmanager
def new_sqlite() -> Iterator[Engine]:
    with TemporaryDirectory() as directory:
        engine = open_engine(f"sqlite:///{directory}/views.db")
        yield engine
        engine.dispose()


@contextmanager
def emptied_postgresql(url: str) -> Iterator[Engine]:
    """Open the database without its read models: a new one for each example takes too long."""
    engine = open_engine(url)
    with engine.begin() as connection:
        tables = connection.exec_driver_sql(
            f"SELECT tablename FROM pg_tables WHERE tablename ~ '^({READ_MODELS})_[0-9]+$'"
        ).scalars()
        for table in tables.all():
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("DELETE FROM read_model_positions")
        connection.exec_driver_sql("DELETE FROM read_models")
    yield engine
    engine.dispose()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.system, pytest.mark.slow]),
    ]
)
def offices(request: pytest.FixtureRequest) -> Offices:
    if request.param == "sqlite":
        return Offices(new_sqlite)
    return Offices(partial(emptied_postgresql, request.getfixturevalue("database")))


def test_the_random_histories_take_every_step_there_is() -> None:
    steps = {event.step for seed in range(60) for event in history(seed)}
    assert steps == set(Step)


@given(seed=SEEDS, limit=st.integers(1, 50))
@calmly
def test_the_rows_say_just_what_the_dossier_says_of_itself(
    offices: Offices, seed: int, limit: int
) -> None:
    events = history(seed)
    with ExitStack() as stack:
        office = offices.open(stack, events)
        office.catch_up(limit=limit)
        status, sla = office.status(), office.sla()
        for code, story in by_dossier(events).items():
            dossier = DossierState.replay(None, story)
            assert dossier is not None
            row, clock = status[dossier.id], sla[dossier.id]
            same = {
                "dossier_id": dossier.id,
                "code": code,
                "version": len(story),
                "stage": dossier.progress.stage,
                "status": dossier.progress.status,
                "underneath": dossier.progress.underneath,
                "pauses": ",".join(sorted(dossier.pauses.since)),
                "paused_at": dossier.pauses.started_at,
                "helped_at": dossier.offices.helped_at,
                "received_at_office": dossier.offices.received_at,
                "decided_by": dossier.offices.decided_by,
                "promised_at": dossier.promise.due_at if dossier.promise else None,
                "received_at": dossier.received_at,
                "received_version": dossier.versions.get("received_at", 0),
                "finished_at": dossier.finished_at,
                "finished_version": dossier.versions.get("finished_at", 0),
            }
            assert asdict(row) == same | {"recorded_at": story[-1].recorded_at}
            values = {name: value for name, value in asdict(clock).items() if name in same}
            assert values == same
            first = dossier.ledger[0].promise.due_at if dossier.ledger else None
            assert (clock.channel, clock.procedure) == (dossier.channel, dossier.procedure)
            assert (clock.first_promised_at, clock.returned_at) == (first, dossier.returned_at)
            assert [
                (promise.step, promise.made_at, promise.due_at, promise.given)
                for promise in office.promises(row.dossier_id)
            ] == [
                (entry.step.value, entry.made_at, entry.promise.due_at, entry.promise.given)
                for entry in dossier.ledger
            ]
            for name, step in ENDS.items():
                assert (getattr(clock, name) is None) is all(
                    event.step is not step for event in story
                )


@given(seed=SEEDS)
@calmly
def test_figures_of_any_moment_as_known_at_any_moment_are_what_one_counts_by_hand(
    offices: Offices, seed: int
) -> None:
    events = history(seed, dossiers=6, steps=60)
    histories, chance = by_dossier(events), Random(seed)
    last = events[-1].recorded_at
    span = (last - BEGIN) / timedelta(seconds=1) + 40 * 86_400

    def moment() -> datetime:
        if chance.random() < 0.3:
            return chance.choice(events).occurred_at
        return BEGIN + timedelta(days=-20, seconds=chance.random() * span)

    with ExitStack() as stack:
        office = offices.open(stack, events)
        office.catch_up()
        for _ in range(12):
            question = Question(
                as_of=moment(),
                known_at=chance.choice((None, moment(), moment())),
                since=chance.choice((None, moment())),
                by=chance.choice((None, *GroupBy)),
            )
            answer = office.figures.answer(question)
            total, groups = expected_figures(histories, question, PARTNERS)
            assert (answer.total, dict(answer.groups)) == (total, groups)
            if question.by:
                assert sum(answer.groups.values(), start=type(total)()) == answer.total
            assert recomputed(histories.values(), question, partner_of) == answer


@given(seed=SEEDS)
@slowly
def test_a_recomputed_past_equals_the_live_table_of_that_time(offices: Offices, seed: int) -> None:
    events = history(seed, steps=30)
    ends = [
        place
        for place, event in enumerate(events, 1)
        if place == len(events) or events[place].recorded_at > event.recorded_at
    ]
    since = BEGIN + timedelta(days=3)
    with ExitStack() as stack:
        office = offices.open(stack, events)
        live = {}
        for end in ends:
            office.hands.now = events[end - 1].recorded_at
            office.catch_up(upto=end)
            asked = Question(as_of=office.hands.now, since=since, by=GroupBy.OFFICE)
            live[office.hands.now] = office.figures.answer(asked)
        office.hands.now += timedelta(days=30)
        for then, shown in live.items():
            past = Question(as_of=then, known_at=then, since=since, by=GroupBy.OFFICE)
            folded = office.figures.answer(past)
            assert (folded.total, folded.groups) == (shown.total, shown.groups)


@given(seed=SEEDS)
@slowly
def test_rebuilding_gives_the_same_rows_whatever_the_batches_were(
    offices: Offices, seed: int
) -> None:
    events, chance = history(seed), Random(seed)
    with ExitStack() as stack:
        office = offices.open(stack, events)
        for upto in sorted(chance.choices(range(len(events) + 1), k=6)):
            office.catch_up(upto=upto, limit=chance.randint(1, 9))
        office.catch_up()
        for kind, model in office.models.items():
            green = model.next_generation()
            Projector(kind(), office.feed, green).catch_up()
            assert model.compare_and_switch(green, office.feed).equal


@given(seed=SEEDS)
@settings(deadline=None, max_examples=50)
def test_a_history_may_be_replayed_from_any_point_and_pictured_at_any_cut(seed: int) -> None:
    chance = Random(seed)
    for story in by_dossier(history(seed)).values():
        half = chance.randint(0, len(story))
        begun = DossierState.replay(None, story[:half])
        whole, again = DossierState.replay(None, story), DossierState.replay(begun, story[half:])
        assert whole is not None
        assert again is not None
        assert vars(whole) == vars(again)
        some = [event for event in story if chance.random() < 0.7]
        DossierState.picture(some)
