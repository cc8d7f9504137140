"""The secret in the link that stops notifications, derived and never stored."""

import base64
import hmac

from tracker.domain.dossier.codes import dossier_id

_BYTES = 16


class StopTokens:
    """Derives the token of a dossier from the master key."""

    def __init__(self, master_key: bytes) -> None:
        """Use this master key of 32 bytes."""
        self._key = hmac.digest(master_key, b"tracker stop links", "sha256")

    def token(self, code: str) -> str:
        """Return the token of the dossier with this code: 128 bits in URL-safe base64."""
        digest = hmac.digest(self._key, dossier_id(code).bytes, "sha256")[:_BYTES]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def fits(self, code: str, token: str) -> bool:
        """Return whether this is the dossier's token, in constant time."""
        return hmac.compare_digest(self.token(code).encode(), token.encode())
