"""PostgreSQL databases as the program finds them: migrated, and otherwise empty."""

import pytest

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate


@pytest.fixture
def database(postgres_url: str) -> str:
    """The URL of a fresh database with every table."""
    engine = open_engine(postgres_url)
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()
    return postgres_url
