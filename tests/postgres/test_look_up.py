"""Look-ups on the event loop give what the general way gives, whatever happens to the database."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine

from ops.local_servers.ports import free_ports
from tests.contract.test_read_model import EVENTS, Following, follow, rebuilt
from tracker.adapters.sql.binary_arrays import UuidArray
from tracker.adapters.sql.engine import DatabaseUnavailableError, open_engine
from tracker.adapters.sql.read_models.postgres_look_up import PostgresLookUp
from tracker.projections.dossier.lookup import Facts, Found

pytestmark = pytest.mark.system

CODES = sorted({event.code for event in EVENTS})
ASKED = [CODES[-1], "H26.01-261120-9999", *CODES, CODES[0].lower(), CODES[0]]


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


def the_general_way(look_up: PostgresLookUp, codes: Sequence[str]) -> Found:
    position, rows = look_up.at_position(codes)
    names = Facts._fields
    found = [rows.get(code) for code in codes]
    facts = [Facts(*(getattr(row, name) for name in names)) if row else None for row in found]
    return Found(position, 0, facts)


def test_both_ways_find_the_same_in_the_order_asked(status: Following, database: str) -> None:
    status.tamper("UPDATE status_1 SET paused_at = 1, finished_at = -1 WHERE promised_at > 0")
    with looking_up(status, database) as look_up:
        found = asyncio.run(look_up.find(ASKED))
        assert found._replace(head=0) == the_general_way(look_up, ASKED)
    assert [row is None for row in found.rows].count(True) == 1
    for moment in ("promised_at", "paused_at", "finished_at"):
        assert any(getattr(row, moment, None) for row in found.rows)


def test_its_one_plan_goes_by_the_index_also_when_made_while_the_table_is_small(
    status: Following, database: str
) -> None:
    status.tamper("ANALYZE status_1")

    async def run() -> str:
        with looking_up(status, database) as look_up:
            await look_up.find(CODES)
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


def test_it_knows_the_newest_event_where_the_events_are_in_the_same_database(
    status: Following, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (gen_random_uuid(), 1, '', '')"
        )
        heads = other.execute("SELECT max(notification_id) FROM stored_events").fetchall()
    with looking_up(status, database) as look_up:
        assert [(asyncio.run(look_up.find(ASKED)).head,)] == heads
    with looking_up(status, database, is_beside_store=False) as look_up:
        assert asyncio.run(look_up.find(ASKED)).head is None


def test_other_tables_are_read_as_soon_as_they_are_live_and_when_the_old_are_gone(
    status: Following, database: str
) -> None:
    async def run() -> None:
        with looking_up(status, database) as look_up:
            for generation in (2, 3):
                await look_up.find(ASKED)
                status.model.replace_with(rebuilt(status))
                status.tamper(f"UPDATE status_{generation} SET received_at_office = 'planted'")
                if generation == 3:
                    status.model.drop_old()
                found = await look_up.find(CODES)
                assert {row.received_at_office for row in found.rows if row} == {"planted"}

    asyncio.run(run())


def test_it_asks_again_where_the_connection_has_died(status: Following, database: str) -> None:
    async def run() -> None:
        with looking_up(status, database) as look_up:
            before = await look_up.find(ASKED)
            with psycopg.connect(database, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assert await look_up.find(ASKED) == before

    asyncio.run(run())


def test_a_database_that_does_not_answer_is_told_so_and_asked_again_later(
    status: Following, database: str
) -> None:
    async def run() -> None:
        with looking_up(status, f"postgresql://127.0.0.1:{free_ports(1)[0]}/x") as look_up:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailableError):
                    await look_up.find(ASKED)
            look_up._url = database
            assert len((await look_up.find(ASKED)).rows) == len(ASKED)

    asyncio.run(run())
