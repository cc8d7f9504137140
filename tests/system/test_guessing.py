"""Guessing yields nothing, and honest people are served meanwhile: tried on a real service."""

import pytest

from loadtests.guessing import measure

pytestmark = pytest.mark.system


def test_an_attacker_opens_nothing_while_everybody_honest_is_served() -> None:
    result = measure(4_000, 100, solve_s=5)
    assert result.sent == 4_000
    assert result.expected < 1, result
    assert (result.served, result.refused) == (100, [])
