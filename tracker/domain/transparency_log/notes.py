"""Signed notes and public keys in C2SP's formats. Signing itself is in an adapter.

A note is a text, an empty line and a line for each signature. A signature line has an em dash, the
signer's name and a base64 value: four bytes that identify the key, then the signature. A key is
written `name+id+base64`.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as NoBase64Error
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from tracker.domain.errors import InvalidInputError

_DASH = "\N{EM DASH}"
_ID_BYTES = 4
_TIME_BYTES = 8


class BadNoteError(InvalidInputError):
    """This is not a signed note."""


class BadKeyError(InvalidInputError):
    """This is not a public key of the form name+id+base64."""


class Algorithm(IntEnum):
    """The purpose of a key."""

    ED25519 = 1
    COSIGNATURE = 4


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 key with a name; `key` holds its 32 bytes."""

    name: str
    key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def id(self) -> bytes:
        """Return the four bytes that identify the key."""
        typed = bytes([self.algorithm]) + self.key
        return hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """Return the key as `name+id+base64`."""
        typed = bytes([self.algorithm]) + self.key
        return f"{self.name}+{self.id.hex()}+{b64encode(typed).decode()}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Return the key in this text, or raise `BadKeyError`."""
        try:
            name, _, encoded = text.strip().split("+", 2)
            typed = b64decode(encoded, validate=True)
            key = cls(name, typed[1:], Algorithm(typed[0]))
        except (ValueError, NoBase64Error, IndexError):
            raise BadKeyError from None
        if str(key) != text.strip():
            raise BadKeyError
        return key


@dataclass(frozen=True)
class Signature:
    """One signature line of a note; `signed` holds the bytes after the key id."""

    name: str
    key_id: bytes
    signed: bytes

    def __str__(self) -> str:
        """Return the signature line."""
        return f"{_DASH} {self.name} {b64encode(self.key_id + self.signed).decode()}\n"

    def is_by(self, key: PublicKey) -> bool:
        """Return whether the line names this key. The signature itself is not checked."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True)
class Note:
    """A text that ends with a line feed, and its signatures."""

    text: str
    signatures: Sequence[Signature] = ()

    def __str__(self) -> str:
        """Return the note as it is published."""
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, written: str) -> "Note":
        """Return the note in this text, or raise `BadNoteError`."""
        text, gap, lines = written.rpartition("\n\n")
        if not (gap and text and lines.endswith("\n")):
            raise BadNoteError
        return cls(text + "\n", [_signature(line) for line in lines[:-1].split("\n")])


def cosigned(text: str, at: int) -> bytes:
    """Return the text that a witness signs at `at`, in seconds since 1970 (`cosignature/v1`)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosigned_at(signature: Signature) -> tuple[int, bytes]:
    """Return when a witness signed, in seconds since 1970, and the bare signature."""
    return int.from_bytes(signature.signed[:_TIME_BYTES]), signature.signed[_TIME_BYTES:]


def _signature(line: str) -> Signature:
    try:
        dash, name, encoded = line.split(" ")
        signed = b64decode(encoded, validate=True)
    except (ValueError, NoBase64Error):
        raise BadNoteError from None
    if dash != _DASH or not name or len(signed) <= _ID_BYTES:
        raise BadNoteError
    return Signature(name, signed[:_ID_BYTES], signed[_ID_BYTES:])
