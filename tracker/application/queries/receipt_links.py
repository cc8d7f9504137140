"""The link on a receipt: whoever holds it may see the dossier it belongs to."""

import hmac
from typing import Protocol
from urllib.parse import quote
from uuid import UUID

from tracker.domain.dossier.codes import dossier_id


class Tokens(Protocol):
    """Derives the tokens of dossiers."""

    def token(self, dossier_id: UUID, generation: int) -> str:
        """Return the token of this generation, the same at every call."""


class Generations(Protocol):
    """Knows which generation of a dossier's token is the good one."""

    def of(self, dossier_id: UUID) -> int:
        """Return the generation that is good now."""

    def raise_(self, dossier_id: UUID) -> None:
        """End the good one: the next is good from now on."""


class ReceiptLinks:
    """Return receipts their links, knows a good one, and ends one that got into wrong hands."""

    def __init__(self, tokens: Tokens, generations: Generations, *, public_url: str) -> None:
        """Let links begin with `public_url`, where citizens find the service."""
        self._tokens = tokens
        self._generations = generations
        self._public_url = public_url

    def path(self, code: str) -> str:
        """Return the address of the dossier's own page, without the host."""
        return f"/h/{quote(code, safe='')}/{self._token(code)}"

    def link(self, code: str) -> str:
        """Return the whole address, as it stands in the QR code."""
        return self._public_url + self.path(code)

    def admit(self, code: str, token: str) -> bool:
        """Return whether this is the dossier's good token, as fast for a wrong one as for a right."""
        return hmac.compare_digest(self._token(code).encode(), token.lower().encode())

    def revoke(self, code: str) -> None:
        """End every link given so far; the next one given is good."""
        self._generations.raise_(dossier_id(code))

    def _token(self, code: str) -> str:
        its_id = dossier_id(code)
        return self._tokens.token(its_id, self._generations.of(its_id))
