"""A client that tries digits and solves the requested proofs of work."""

from collections.abc import Mapping
from typing import Any

from altcha import Challenge, Payload, solve_challenge


def proof_of(challenge: Mapping[str, Any]) -> str:
    """Solve a challenge as the page's script does."""
    asked = Challenge.from_dict(dict(challenge))
    solution = solve_challenge(asked)
    assert solution is not None
    return Payload(asked, solution).to_base64()
