"""The secret in a receipt's QR code, derived from the master key: nothing of it is stored."""

import base64
import hmac
from uuid import UUID

LENGTH = 26
"""Characters of base 32: 130 bits."""


class ReceiptTokens:
    """Derives each dossier's token; another generation of it is another token."""

    def __init__(self, master_key: bytes) -> None:
        """Take the master key of 32 bytes."""
        self._key = hmac.digest(master_key, b"tracker receipt tokens", "sha256")

    def token(self, dossier_id: UUID, generation: int) -> str:
        """Return the token of this generation, the same at every call."""
        of_it = dossier_id.bytes + generation.to_bytes(4, "big")
        mac = hmac.digest(self._key, of_it, "sha256")
        return base64.b32encode(mac).decode().lower()[:LENGTH]
