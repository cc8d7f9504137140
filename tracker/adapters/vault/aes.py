"""Encrypt personal data with AES-256-GCM, with a random key for each dossier.

The master key encrypts (wraps) each dossier's key. Deleting the wrapped key erases the person.
"""

import base64
import hmac
import os
from hashlib import blake2b
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tracker.application.ports import SealBrokenError
from tracker.domain.dossier.values import Sealed

KEY_BYTES = 32
DIGEST_BYTES = 32
_NONCE_BYTES = 12


class AesSeal:
    """One dossier's key, ready for use."""

    def __init__(self, dossier_id: UUID, key: bytes) -> None:
        """Use this unwrapped key of 32 bytes."""
        self._id = dossier_id.bytes
        self._cipher = AESGCM(key)

    def seal(self, field: str, text: str) -> Sealed:
        """Return the sealed text. It can be opened only with the same dossier and field."""
        return Sealed(
            base64.b64encode(_encrypt(self._cipher, text.encode(), self._aad(field))).decode()
        )

    def open(self, field: str, sealed: Sealed) -> str:
        """Return the text of a sealed value. Raise `SealBrokenError`."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except ValueError as error:
            raise SealBrokenError from error
        return _decrypt(self._cipher, raw, self._aad(field)).decode()

    def _aad(self, field: str) -> bytes:
        return self._id + field.encode()


class AesVault:
    """Makes and unwraps the dossiers' keys with the master key."""

    def __init__(self, master_key: bytes) -> None:
        """Use this master key of 32 bytes."""
        self._master = AESGCM(master_key)
        self._digests = secret_for(b"tracker request digests", master_key)

    def new_key(self, dossier_id: UUID) -> tuple[bytes, AesSeal]:
        """Make a random key. Return it wrapped, for storage, and as a seal."""
        key = os.urandom(KEY_BYTES)
        return _encrypt(self._master, key, dossier_id.bytes), AesSeal(dossier_id, key)

    def unwrap(self, dossier_id: UUID, wrapped: bytes) -> AesSeal:
        """Return the seal of a stored key. Raise `SealBrokenError`."""
        return AesSeal(dossier_id, _decrypt(self._master, wrapped, dossier_id.bytes))

    def digest(self, content: bytes) -> bytes:
        """Return a keyed digest of 32 bytes, which can be computed only with the master key."""
        return blake2b(content, key=self._digests, digest_size=DIGEST_BYTES).digest()


def secret_for(use: bytes, master_key: bytes) -> bytes:
    """Return 32 bytes for this use, derived from the master key."""
    return hmac.digest(master_key, use, "sha256")


def _encrypt(cipher: AESGCM, plain: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, aad)


def _decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error
