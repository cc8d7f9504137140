"""The event store read dossier by dossier, on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.contract.test_store_scan import *  # noqa: F403  the very same cases
from tests.contract.test_store_scan import Store

pytestmark = pytest.mark.system


@pytest.fixture  # type: ignore[no-redef]
def store(database: str) -> Iterator[Store]:
    with ExitStack() as stack:
        yield Store(database, stack)
