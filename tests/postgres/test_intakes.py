"""The contract of the list behind the register, held against PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.contract.test_intakes import *  # noqa: F403  the very same cases
from tracker.adapters.sql.engine import open_engine

pytestmark = pytest.mark.system


@pytest.fixture  # type: ignore[no-redef]
def engine(database: str) -> Iterator[Engine]:
    opened = open_engine(database)
    yield opened
    opened.dispose()
