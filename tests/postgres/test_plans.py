"""How PostgreSQL runs our statements while new tables grow."""

from contextlib import ExitStack
from uuid import UUID

import psycopg
import pytest

from tests.contract.makers import open_recorder
from tests.contract.test_read_model import follow
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.event_store.store_address import library_variables
from tracker.adapters.sql.read_models.dialect import row_view_on
from tracker.projections.dossier.timeline import TimelineProjection, TimelineRow

pytestmark = pytest.mark.system

FEW, MANY = 400, 20_000
ASKED = 40
KEYS = [("desk", str(number)) for number in range(1, 31)]
ADD = """
INSERT INTO requests (source, event_id, digest, code, version, position)
SELECT 'desk', n::text, '', 'C', 1, n FROM generate_series(%s::int, %s::int) AS n
"""
MORE_LINES = """
INSERT INTO timeline_1 (dossier_id, version, step, topic, occurred_at, recorded_at, state)
SELECT lpad(to_hex(n), 32, '0')::uuid, 1, step, topic, occurred_at, recorded_at, ''
FROM generate_series(1, %s::int) AS n, (SELECT * FROM timeline_1 LIMIT 1) AS one
"""


def test_a_plan_made_while_a_table_was_small_is_not_kept_while_it_grows(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as other, ExitStack() as stack:
        other.execute("ALTER TABLE requests SET (autovacuum_enabled = off)")
        recorder = open_recorder(library_variables(database), stack)
        for first, last in ((1, FEW), (FEW + 1, MANY)):
            other.execute(ADD, (first, last))
            for _ in range(ASKED):
                assert len(recorder.select_requests(KEYS)) == len(KEYS)
        stack.close()  # PostgreSQL reports what a connection has read when it ends
        asked, read = 0, 0
        while asked < 2 * ASKED:
            asked, read = other.execute(
                "SELECT seq_scan + idx_scan, seq_tup_read FROM pg_stat_user_tables"
                " WHERE relname = 'requests'"
            ).fetchall()[0]
    assert read < MANY


def test_a_batch_finds_its_rows_by_their_keys_and_reads_no_others(database: str) -> None:
    engine = open_engine(database)
    following = follow(engine, TimelineProjection)
    following.projector().run_once("list", limit=1)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(MORE_LINES, (MANY,))
        other.execute("VACUUM ANALYZE timeline_1")
    asked = [UUID(int=number) for number in range(1, FEW + 1)]
    with following.model.reading() as (connection, generation):
        view = row_view_on(connection, generation)
        assert view.versions(TimelineRow, asked) == [1] * FEW
        rows = [row and (row.dossier_id, row.version) for row in view.newest(TimelineRow, asked)]
        read = connection.exec_driver_sql(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'timeline_1'"
        ).scalar_one()
    engine.dispose()
    assert rows == [(dossier_id, 1) for dossier_id in asked]
    assert read < MANY


def test_read_models_keep_no_plans(database: str) -> None:
    engine = open_engine(database)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW plan_cache_mode").scalar() == "force_custom_plan"
    engine.dispose()
