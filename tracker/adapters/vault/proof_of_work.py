"""Proofs of work after ALTCHA (version 2): made and checked here, with no third party."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from altcha import Payload, create_challenge, verify_solution

GOOD_FOR = timedelta(minutes=10)
_ALGORITHM = "PBKDF2/SHA-256"
_LONGEST = 2_000


class AltchaWork:
    """Signs challenges, so that nothing of them is stored until they are solved."""

    def __init__(self, secret: bytes) -> None:
        """Sign with this secret."""
        self._secret = secret

    def challenge(self, purpose: str, work: int, at: datetime) -> dict[str, Any]:
        """Return a challenge: 256 keys of `work` rounds on average, for this purpose alone."""
        until = int((at + GOOD_FOR).timestamp())
        made = create_challenge(
            _ALGORITHM,
            work,
            data={"purpose": purpose, "until": until},
            hmac_secret=self._secret,
        )
        told: dict[str, Any] = made.to_dict()
        return told

    def solved(self, proof: str, purpose: str, work: int, at: datetime) -> UUID | None:
        """Return the challenge's id if this solves one of at least so much work."""
        if not proof or len(proof) > _LONGEST:
            return None
        try:
            payload = Payload.from_base64(proof)
            asked = payload.challenge.parameters
            data = asked.data or {}
            fits = (
                data["purpose"] == purpose
                and data["until"] >= at.timestamp()
                and asked.cost >= work
                and verify_solution(payload, self._secret).verified
            )
            return UUID(asked.nonce) if fits else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return None
