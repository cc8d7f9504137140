"""Make and check proofs of work by ALTCHA (version 2), without a third party."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from altcha import Payload, create_challenge, verify_solution

GOOD_FOR = timedelta(minutes=10)
_ALGORITHM = "PBKDF2/SHA-256"
_LONGEST = 2_000


class AltchaWork:
    """Makes signed challenges, which need no storage until they are solved."""

    def __init__(self, secret: bytes) -> None:
        """Sign with this secret."""
        self._secret = secret

    def challenge(self, purpose: str, work: int, at: datetime) -> dict[str, Any]:
        """Return a challenge for this purpose: on average 256 keys of `work` rounds."""
        expires_at = int((at + GOOD_FOR).timestamp())
        challenge = create_challenge(
            _ALGORITHM,
            work,
            data={"purpose": purpose, "until": expires_at},
            hmac_secret=self._secret,
        )
        content: dict[str, Any] = challenge.to_dict()
        return content

    def solved(self, proof: str, purpose: str, work: int, at: datetime) -> UUID | None:
        """Return the challenge's id if `proof` solves it with at least this work, else `None`."""
        if not proof or len(proof) > _LONGEST:
            return None
        try:
            payload = Payload.from_base64(proof)
            parameters = payload.challenge.parameters
            data = parameters.data or {}
            fits = (
                data["purpose"] == purpose
                and data["until"] >= at.timestamp()
                and parameters.cost >= work
                and verify_solution(payload, self._secret).verified
            )
            return UUID(parameters.nonce) if fits else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return None
