"""Intake continues with a small crowd of each kind of stalled client."""

import asyncio
from collections.abc import Iterator

import pytest

from loadtests.crowd.conversation import Target
from loadtests.crowd.flood import flood
from loadtests.crowd.service import embedded_service
from loadtests.crowd.stalled_clients import BEHAVIOURS, hold

pytestmark = [pytest.mark.slow, pytest.mark.system]
PATIENCE_S = 2.0
"""An intake takes some 10 ms; a machine that runs other tests meanwhile is given time."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with embedded_service(tmp_path_factory.mktemp("crowded")) as target:
        yield target


@pytest.mark.parametrize(
    ("behaviour", "connections"), [("idle", 400), ("slow-bodies", 60), ("half-open", 200)]
)
def test_who_says_nothing_or_little_does_not_keep_others_from_taking_in(
    service: Target, behaviour: str, connections: int
) -> None:
    held = asyncio.run(hold(service, BEHAVIOURS[behaviour], connections=connections, seconds=3))
    assert held.opened == connections
    # How many were sent, and the slowest, tell how often this process had the processor.
    assert held.meanwhile.stored == held.meanwhile.intakes > 0
    assert held.meanwhile.p50_ms < PATIENCE_S * 1000


def test_a_flood_is_stored_or_told_to_come_again_and_leaves_nothing_behind(
    service: Target,
) -> None:
    flooded = asyncio.run(flood(service, connections=250, seconds=3, quick_s=PATIENCE_S))
    assert set(flooded.statuses) <= {201, 503}
    assert flooded.statuses[201] > 0
    assert flooded.refused_without_hint == 0
    assert flooded.recovered_s < 30
