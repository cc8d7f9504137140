"""Sign notes and check signatures with Ed25519 keys in files.

The private key is in a file of mode 0600, outside every database. The file next to it with the
suffix `.pub` holds the public keys, oldest first. After a key rotation the old public keys stay, so
that their signatures can still be checked.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tracker.domain.errors import ConflictError, TrackerError
from tracker.domain.transparency_log.notes import (
    Algorithm,
    Note,
    PublicKey,
    Signature,
    cosigned,
    cosigned_at,
)


class NoLogKeyError(TrackerError):
    """The key that signs the log is missing. Put it back, or make one: `tracker log init`."""


class BadLogKeyError(TrackerError):
    """The key that signs the log cannot be read. Put back a copy."""


class LogKeyExistsError(ConflictError):
    """The log has a key already. `--rotate` replaces it by a new one."""


class UnsignedNoteError(TrackerError):
    """None of the known keys signed this note."""


class Notary:
    """Signs for a log, and knows all its keys, past and present."""

    def __init__(self, path: Path, name: str) -> None:
        """Use the private key in the file `path`; `name` is the log's origin."""
        self._path = path
        self._public = path.with_name(path.name + ".pub")
        self._name = name

    def is_ready(self) -> bool:
        """Return whether there is a key to sign with."""
        return self._path.exists()

    def make_key(self, *, rotate: bool = False) -> PublicKey:
        """Make a key. Return its public key. Raise `LogKeyExistsError`."""
        if self.is_ready() and not rotate:
            raise LogKeyExistsError
        self._path.parent.mkdir(parents=True, exist_ok=True)
        private = Ed25519PrivateKey.generate()
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private.private_bytes_raw())
            file.flush()
            os.fsync(file.fileno())
        public = PublicKey(self._name, private.public_key().public_bytes_raw())
        with self._public.open("a") as file:
            file.write(f"{public}\n")
        fresh.replace(self._path)
        return public

    def public_keys(self) -> list[PublicKey]:
        """Return all keys of the log, the present one last. Raise `BadKeyError`."""
        return read_keys(self._public)

    def public_key(self) -> PublicKey:
        """Return the present public key. Raise `NoLogKeyError` or `BadLogKeyError`."""
        return PublicKey(self._name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> Note:
        """Sign a text. Raise `NoLogKeyError` or `BadLogKeyError`."""
        private = self._private()
        public = PublicKey(self._name, private.public_key().public_bytes_raw())
        return Note(text, [Signature(public.name, public.id, private.sign(text.encode()))])

    def _private(self) -> Ed25519PrivateKey:
        try:
            return Ed25519PrivateKey.from_private_bytes(self._path.read_bytes())
        except FileNotFoundError:
            raise NoLogKeyError from None
        except (OSError, ValueError):
            message = f"{self._path} does not hold the key of the log. Put back a copy."
            raise BadLogKeyError(message) from None

    def check(self, note: Note) -> None:
        """Raise `UnsignedNoteError` if the log did not sign this note."""
        if not signers(note, self.public_keys()):
            raise UnsignedNoteError


class WitnessKeys:
    """The public keys of witnesses in a file, one a line. Without a file there are none."""

    def __init__(self, path: Path | None) -> None:
        """Read this file at every call."""
        self._path = path

    def known(self) -> list[PublicKey]:
        """Return all keys of witnesses. Raise `BadKeyError`."""
        return read_keys(self._path) if self._path else []

    def signed_by(self, note: Note) -> list[PublicKey]:
        """Return the keys of the witnesses that signed the note."""
        return [key for key, _ in signers(note, self.known())]


def read_keys(path: Path) -> list[PublicKey]:
    """Return the public keys in a file, one a line; none without a file. Raise `BadKeyError`."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    return [PublicKey.parse(line) for line in lines if line.strip()]


def signers(note: Note, keys: Sequence[PublicKey]) -> list[tuple[PublicKey, Signature]]:
    """Return the keys that signed the note, each with its signature."""
    return [
        (key, signature)
        for key in keys
        for signature in note.signatures
        if signature.is_by(key) and _is_valid(note.text, key, signature)
    ]


def _is_valid(text: str, key: PublicKey, signature: Signature) -> bool:
    signed, message = signature.signed, text.encode()
    if key.algorithm is Algorithm.COSIGNATURE:
        at, signed = cosigned_at(signature)
        message = cosigned(text, at)
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signed, message)
    except (InvalidSignature, ValueError):
        return False
    return True
