"""PostgreSQL databases as the program finds them: every table is there, and all are empty."""

import pytest

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate


@pytest.fixture
def database(postgres_url: str) -> str:
    """Return the URL of a new database with every table."""
    engine = open_engine(postgres_url)
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()
    return postgres_url
