"""Arrays for PostgreSQL, written as the server reads them.

psycopg writes a list as text, element by element in Python: for a commit of many rows that took
longer than all the rest. Format: `array_recv` in PostgreSQL's `arrayfuncs.c`.
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import ClassVar
from uuid import UUID

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD = Struct("!iiIii")
"""Dimensions (1), whether a NULL is in it (0), type of the elements, how many, the first index."""

_LENGTH = Struct("!i").pack
_BIGINT = Struct("!iq").pack
_BIGINT_BYTES = 8
_UUID_LENGTH = _LENGTH(16)


class _Array(bytes):
    """One array, ready to be sent. `OID` is the type's own number, the same on every server."""

    OID: ClassVar[int]

    __slots__ = ()


class TextArray(_Array):
    """A `text[]`."""

    OID = 1009
    __slots__ = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> "TextArray":
        """Write these texts."""
        return cls(_written(25, len(texts), _with_lengths(one.encode() for one in texts)))


class ByteaArray(_Array):
    """A `bytea[]`."""

    OID = 1001
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bytes]) -> "ByteaArray":
        """Write these bytes."""
        return cls(_written(17, len(values), _with_lengths(values)))


class UuidArray(_Array):
    """A `uuid[]`."""

    OID = 2951
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[UUID]) -> "UuidArray":
        """Write these ids."""
        return cls(_written(2950, len(values), [_UUID_LENGTH + one.bytes for one in values]))


class BigintArray(_Array):
    """A `bigint[]`."""

    OID = 1016
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[int]) -> "BigintArray":
        """Write these numbers."""
        return cls(_written(20, len(values), [_BIGINT(_BIGINT_BYTES, one) for one in values]))


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: Buffer) -> Buffer:
        return obj


def send_binary_arrays() -> None:
    """Let psycopg send arrays of these types as they are; they are ours, so nobody else notices."""
    for kind in (TextArray, ByteaArray, UuidArray, BigintArray):
        dumper = type(f"{kind.__name__}Dumper", (_AsItIs,), {"oid": kind.OID})
        psycopg.adapters.register_dumper(kind, dumper)


def _with_lengths(values: Iterable[bytes]) -> list[bytes]:
    parts: list[bytes] = []
    for one in values:
        parts.append(_LENGTH(len(one)))
        parts.append(one)
    return parts


def _written(element: int, count: int, parts: list[bytes]) -> bytes:
    # An empty array has no dimension at all.
    head = _HEAD.pack(1, 0, element, count, 1) if count else _HEAD.pack(0, 0, element, 0, 0)[:12]
    return b"".join([head, *parts])
