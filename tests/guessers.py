"""What somebody who tries digits does: sends them, and solves the proofs of work asked for."""

from collections.abc import Mapping
from typing import Any

from altcha import Challenge, Payload, solve_challenge


def proof_of(challenge: Mapping[str, Any]) -> str:
    """Solve a challenge as the page's script does."""
    asked = Challenge.from_dict(dict(challenge))
    solution = solve_challenge(asked)
    assert solution is not None
    return Payload(asked, solution).to_base64()
