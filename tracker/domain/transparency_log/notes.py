"""Signed notes and the keys that sign them, as C2SP has them; the signing itself is elsewhere.

A note is a text, an empty line, and a line for each signature: an em dash, the signer's name, and
in base64 four bytes that tell the key, then the signature. A key is written `name+id+base64`.
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
    """This is no signed note."""


class BadKeyError(InvalidInputError):
    """This is no public key of the form name+id+base64."""


class Algorithm(IntEnum):
    """What a key is for."""

    ED25519 = 1
    COSIGNATURE = 4


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 key under a name; `key` are its 32 bytes."""

    name: str
    key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def id(self) -> bytes:
        """Return the four bytes that tell it from others."""
        typed = bytes([self.algorithm]) + self.key
        return hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """Write it as others take it."""
        typed = bytes([self.algorithm]) + self.key
        return f"{self.name}+{self.id.hex()}+{b64encode(typed).decode()}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read it. Raise `BadKeyError`."""
        try:
            name, _, encoded = text.strip().split("+", 2)
            typed = b64decode(encoded, validate=True)
            made = cls(name, typed[1:], Algorithm(typed[0]))
        except (ValueError, NoBase64Error, IndexError):
            raise BadKeyError from None
        if str(made) != text.strip():
            raise BadKeyError
        return made


@dataclass(frozen=True)
class Signature:
    """One line under a note; `signed` is what follows the key's id."""

    name: str
    key_id: bytes
    signed: bytes

    def __str__(self) -> str:
        """Write the line."""
        return f"{_DASH} {self.name} {b64encode(self.key_id + self.signed).decode()}\n"

    def is_by(self, key: PublicKey) -> bool:
        """Return whether it claims to be this key's."""
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True)
class Note:
    """A text that ends with a line feed, and who signed it."""

    text: str
    signatures: Sequence[Signature] = ()

    def __str__(self) -> str:
        """Write it as it is handed out."""
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, written: str) -> "Note":
        """Read it. Raise `BadNoteError`."""
        text, gap, lines = written.rpartition("\n\n")
        if not (gap and text and lines.endswith("\n")):
            raise BadNoteError
        return cls(text + "\n", [_signature(line) for line in lines[:-1].split("\n")])


def cosigned(text: str, at: int) -> bytes:
    """Return what a witness signs at this time, in seconds since 1970 (`cosignature/v1`)."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosigned_at(signature: Signature) -> tuple[int, bytes]:
    """Return when a witness signed, and its bare signature."""
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
