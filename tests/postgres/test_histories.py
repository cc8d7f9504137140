"""What must hold of random histories, held against read models on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.contract.test_histories import *  # noqa: F403  the very same cases
from tests.contract.test_histories import Offices
from tracker.adapters.sql.engine import open_engine

pytestmark = [pytest.mark.system, pytest.mark.slow]

_MODELS = "status|sla|promises|timeline"


@pytest.fixture  # type: ignore[no-redef]
def offices(database: str) -> Offices:
    @contextmanager
    def emptied(_: Path) -> Iterator[Engine]:
        engine = open_engine(database)
        with engine.begin() as connection:
            tables = connection.exec_driver_sql(
                f"SELECT tablename FROM pg_tables WHERE tablename ~ '^({_MODELS})_[0-9]+$'"
            ).scalars()
            for table in tables.all():
                connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql("DELETE FROM read_model_positions")
            connection.exec_driver_sql("DELETE FROM read_models")
        yield engine
        engine.dispose()

    return Offices(emptied)
