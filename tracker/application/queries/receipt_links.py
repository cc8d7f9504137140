"""The link on a receipt: its holder may read the dossier."""

import hmac
from typing import Protocol
from urllib.parse import quote
from uuid import UUID

from tracker.domain.dossier.codes import dossier_id


class Tokens(Protocol):
    """Derives the tokens of dossiers."""

    def token(self, dossier_id: UUID, generation: int) -> str:
        """Return the token of this generation; it is the same at every call."""


class Generations(Protocol):
    """Stores the valid generation of each dossier's token."""

    def of(self, dossier_id: UUID) -> int:
        """Return the valid generation."""

    def raise_(self, dossier_id: UUID) -> None:
        """Revoke the valid generation: the next one becomes valid."""


class ReceiptLinks:
    """Makes, checks and revokes the links on receipts."""

    def __init__(self, tokens: Tokens, generations: Generations, *, public_url: str) -> None:
        """Make links under `public_url`, the address of the service for citizens."""
        self._tokens = tokens
        self._generations = generations
        self._public_url = public_url

    def path(self, code: str) -> str:
        """Return the path of the dossier's page, without the host."""
        return f"/h/{quote(code, safe='')}/{self._token(code)}"

    def link(self, code: str) -> str:
        """Return the complete URL for the QR code."""
        return self._public_url + self.path(code)

    def admit(self, code: str, token: str) -> bool:
        """Return whether this is the dossier's valid token, in constant time."""
        return hmac.compare_digest(self._token(code).encode(), token.lower().encode())

    def revoke(self, code: str) -> None:
        """Revoke all links made so far; links made afterwards are valid."""
        self._generations.raise_(dossier_id(code))

    def _token(self, code: str) -> str:
        uuid = dossier_id(code)
        return self._tokens.token(uuid, self._generations.of(uuid))
