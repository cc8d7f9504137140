"""The contract of every event store, held against PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.contract.makers import Opens, open_recorder
from tests.contract.test_recorder import *  # noqa: F403  the very same cases
from tracker.adapters.sql.event_store.store_address import library_variables

pytestmark = pytest.mark.system


@pytest.fixture  # type: ignore[no-redef]
def opens(database: str) -> Iterator[Opens]:
    with ExitStack() as stack:
        yield lambda: open_recorder(library_variables(database), stack)
