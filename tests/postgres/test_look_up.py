"""A look-up on the event loop returns what the general look-up returns, also after failures."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import psycopg
import pytest
from sqlalchemy import Engine

from ops.local_servers.ports import free_ports
from tests.contract.test_read_model import Following, follow, rebuilt, some_events
from tracker.adapters.sql.binary_arrays import UuidArray
from tracker.adapters.sql.engine import DatabaseUnavailableError, open_engine
from tracker.adapters.sql.read_models.postgres_look_up import PostgresLookUp
from tracker.projections.dossier.lookup import LookUpResult, LookUpRow

pytestmark = pytest.mark.system


@cache
def codes() -> list[str]:
    return sorted({event.code for event in some_events()})


@cache
def codes_asked() -> list[str]:
    """Return all codes, with one unknown, one twice and one in lower case, out of order."""
    first, last = codes()[0], codes()[-1]
    return [last, "H26.01-261120-9999", *codes(), first.lower(), first]


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    opened = open_engine(database)
    yield opened
    opened.dispose()


@pytest.fixture
def status(engine: Engine) -> Following:
    following = follow(engine)
    following.projector().catch_up()
    return following


@contextmanager
def looking_up(
    status: Following, url: str, *, is_beside_store: bool = True
) -> Iterator[PostgresLookUp]:
    look_up = PostgresLookUp(status.model, url, is_beside_store=is_beside_store)
    try:
        yield look_up
    finally:
        look_up.close()


def general_look_up(look_up: PostgresLookUp, asked: Sequence[str]) -> LookUpResult:
    position, rows = look_up.at_position(asked)
    names = LookUpRow._fields
    in_order = [rows.get(code) for code in asked]
    facts = [
        LookUpRow(*(getattr(row, name) for name in names)) if row else None for row in in_order
    ]
    return LookUpResult(position, 0, facts)


def test_both_look_ups_return_the_same_rows_in_the_order_asked(
    status: Following, database: str
) -> None:
    status.tamper("UPDATE status_1 SET paused_at = 1, finished_at = -1 WHERE promised_at > 0")
    with looking_up(status, database) as look_up:
        found = asyncio.run(look_up.find(codes_asked()))
        assert found._replace(head=0) == general_look_up(look_up, codes_asked())
    assert [row is None for row in found.rows].count(True) == 1
    for moment in ("promised_at", "paused_at", "finished_at"):
        assert any(getattr(row, moment, None) for row in found.rows)


def test_the_plan_uses_the_index_even_if_it_was_made_for_a_small_table(
    status: Following, database: str
) -> None:
    status.tamper("ANALYZE status_1")

    async def run() -> str:
        with looking_up(status, database) as look_up:
            await look_up.find(codes())
            kept = look_up._kept
            assert kept
            mode = await (await kept.connection.execute("SHOW plan_cache_mode")).fetchall()
            assert mode == [("force_generic_plan",)]
            asked = UuidArray.of([])
            plan = await kept.connection.execute(f"EXPLAIN {kept.statement}", (asked,))
            return repr(await plan.fetchall())

    plan = asyncio.run(run())
    assert "Index Scan using status_1_pkey" in plan
    assert "Seq Scan" not in plan


def test_a_look_up_knows_the_newest_event_if_the_events_are_in_the_same_database(
    status: Following, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (gen_random_uuid(), 1, '', '')"
        )
        heads = other.execute("SELECT max(notification_id) FROM stored_events").fetchall()
    with looking_up(status, database) as look_up:
        assert [(asyncio.run(look_up.find(codes_asked())).head,)] == heads
    with looking_up(status, database, is_beside_store=False) as look_up:
        assert asyncio.run(look_up.find(codes_asked())).head is None


def test_a_look_up_reads_a_new_generation_at_once_also_after_the_old_one_was_dropped(
    status: Following, database: str
) -> None:
    async def run() -> None:
        with looking_up(status, database) as look_up:
            for generation in (2, 3):
                await look_up.find(codes_asked())
                status.model.replace_with(rebuilt(status))
                status.tamper(f"UPDATE status_{generation} SET received_at_office = 'planted'")
                if generation == 3:
                    status.model.drop_old()
                found = await look_up.find(codes())
                assert {row.received_at_office for row in found.rows if row} == {"planted"}

    asyncio.run(run())


def test_a_look_up_asks_again_if_the_connection_has_died(status: Following, database: str) -> None:
    async def run() -> None:
        with looking_up(status, database) as look_up:
            before = await look_up.find(codes_asked())
            with psycopg.connect(database, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assert await look_up.find(codes_asked()) == before

    asyncio.run(run())


def test_a_look_up_reports_a_database_that_does_not_answer_and_asks_again_later(
    status: Following, database: str
) -> None:
    async def run() -> None:
        with looking_up(status, f"postgresql://127.0.0.1:{free_ports(1)[0]}/x") as look_up:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailableError):
                    await look_up.find(codes_asked())
            look_up._url = database
            assert len((await look_up.find(codes_asked())).rows) == len(codes_asked())

    asyncio.run(run())
