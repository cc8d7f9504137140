"""Personal data sealed with AES-256-GCM, each dossier under a random key of its own.

A dossier's key is stored wrapped by the master key. Destroying the wrapped key erases the person.
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
        """Take the bare key of 32 bytes."""
        self._id = dossier_id.bytes
        self._cipher = AESGCM(key)

    def seal(self, field: str, text: str) -> Sealed:
        """Seal the text; it opens only for the same dossier and field."""
        return Sealed(
            base64.b64encode(_encrypt(self._cipher, text.encode(), self._aad(field))).decode()
        )

    def open(self, field: str, sealed: Sealed) -> str:
        """Return the text back. Raise `SealBrokenError`."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except ValueError as error:
            raise SealBrokenError from error
        return _decrypt(self._cipher, raw, self._aad(field)).decode()

    def _aad(self, field: str) -> bytes:
        return self._id + field.encode()


class AesVault:
    """Makes and unwraps the dossiers' keys under one master key."""

    def __init__(self, master_key: bytes) -> None:
        """Take the master key of 32 bytes."""
        self._master = AESGCM(master_key)
        self._digests = secret_for(b"tracker request digests", master_key)

    def new_key(self, dossier_id: UUID) -> tuple[bytes, AesSeal]:
        """Make a random key; give it wrapped, to be stored, and ready for use."""
        key = os.urandom(KEY_BYTES)
        return _encrypt(self._master, key, dossier_id.bytes), AesSeal(dossier_id, key)

    def unwrap(self, dossier_id: UUID, wrapped: bytes) -> AesSeal:
        """Make a stored key ready for use. Raise `SealBrokenError`."""
        return AesSeal(dossier_id, _decrypt(self._master, wrapped, dossier_id.bytes))

    def digest(self, content: bytes) -> bytes:
        """Return 32 bytes that tell equal contents; without the master key they tell nothing."""
        return blake2b(content, key=self._digests, digest_size=DIGEST_BYTES).digest()


def secret_for(use: bytes, master_key: bytes) -> bytes:
    """Derive the 32 bytes that serve this one use from the master key."""
    return hmac.digest(master_key, use, "sha256")


def _encrypt(cipher: AESGCM, plain: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, aad)


def _decrypt(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError from error
