"""The secret in a receipt's QR code, derived from the master key and never stored."""

import base64
import hmac
from uuid import UUID

LENGTH = 26
"""The length of a token in base 32 characters: 130 bits."""


class ReceiptTokens:
    """Derives the token of a dossier. Each generation has another token."""

    def __init__(self, master_key: bytes) -> None:
        """Use this master key of 32 bytes."""
        self._key = hmac.digest(master_key, b"tracker receipt tokens", "sha256")

    def token(self, dossier_id: UUID, generation: int) -> str:
        """Return the token of this generation. It is the same at every call."""
        content = dossier_id.bytes + generation.to_bytes(4, "big")
        mac = hmac.digest(self._key, content, "sha256")
        return base64.b32encode(mac).decode().lower()[:LENGTH]
