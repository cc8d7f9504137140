"""Guessing yields nothing, and honest people are served meanwhile: tried on a real service."""

import pytest

from loadtests.guessing import measure

pytestmark = pytest.mark.system


def test_an_attacker_opens_nothing_while_everybody_honest_is_served() -> None:
    told = measure(4_000, 100, solve_s=5)
    assert told.sent == 4_000
    assert told.expected < 1, told
    assert (told.served, told.refused) == (100, [])
