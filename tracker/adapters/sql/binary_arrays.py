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
"""Dimensions (1), whether NULLs are in it, type of the elements, how many, the first index."""

_LENGTH = Struct("!i").pack
_BIGINT = Struct("!iq").pack
_BIGINT_BYTES = 8
_UUID_LENGTH = _LENGTH(16)
_BOOLS = {False: _LENGTH(1) + b"\0", True: _LENGTH(1) + b"\1"}
_NULL = _LENGTH(-1)


class _Array(bytes):
    """One array, ready to be sent. `OID` is the type's own number, the same on every server."""

    OID: ClassVar[int]

    __slots__ = ()


class TextArray(_Array):
    """A `text[]`."""

    OID = 1009
    __slots__ = ()

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> "TextArray":
        """Write these texts."""
        # Most columns of text hold a few words, time and again.
        parts = {one: _with_length(None if one is None else one.encode()) for one in set(texts)}
        return cls(_written(25, len(texts), map(parts.__getitem__, texts)))


class ByteaArray(_Array):
    """A `bytea[]`."""

    OID = 1001
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> "ByteaArray":
        """Write these bytes."""
        return cls(_written(17, len(values), map(_with_length, values)))


class UuidArray(_Array):
    """A `uuid[]`."""

    OID = 2951
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[UUID]) -> "UuidArray":
        """Write these ids."""
        # `bytes` does the same, slower.
        return cls.of_bytes([one.int.to_bytes(16) for one in values])

    @classmethod
    def of_bytes(cls, values: Sequence[bytes]) -> "UuidArray":
        """Write the ids that have these 16 bytes each."""
        return cls(_written(2950, len(values), [_UUID_LENGTH + one for one in values]))


class BigintArray(_Array):
    """A `bigint[]`."""

    OID = 1016
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[int | None]) -> "BigintArray":
        """Write these numbers."""
        parts = [_NULL if one is None else _BIGINT(_BIGINT_BYTES, one) for one in values]
        return cls(_written(20, len(values), parts))


class BooleanArray(_Array):
    """A `boolean[]`."""

    OID = 1000
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bool]) -> "BooleanArray":
        """Write these."""
        return cls(_written(16, len(values), [_BOOLS[one] for one in values]))


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: Buffer) -> Buffer:
        return obj


def send_binary_arrays() -> None:
    """Let psycopg send arrays of these types as they are; they are ours, so nobody else notices."""
    for kind in (TextArray, ByteaArray, UuidArray, BigintArray, BooleanArray):
        dumper = type(f"{kind.__name__}Dumper", (_AsItIs,), {"oid": kind.OID})
        psycopg.adapters.register_dumper(kind, dumper)


def _with_length(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH(len(value)) + value


def _written(element: int, count: int, parts: Iterable[bytes]) -> bytes:
    # An empty array has no dimension at all. That there may be NULLs is only a hint to the server.
    head = _HEAD.pack(1, 1, element, count, 1) if count else _HEAD.pack(0, 0, element, 0, 0)[:12]
    return b"".join([head, *parts])
