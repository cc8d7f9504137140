"""Arrays for PostgreSQL in its binary format.

psycopg writes a list as text, element by element in Python. For a commit of many rows that took
longer than all other work. Format: `array_recv` in PostgreSQL's `arrayfuncs.c`.
"""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import ClassVar
from uuid import UUID

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD = Struct("!iiIii")
"""Number of dimensions, flag for NULLs, type of the elements, number of elements, first index."""

_LENGTH = Struct("!i").pack
_BIGINT = Struct("!iq").pack
_BIGINT_BYTES = 8
_UUID_LENGTH = _LENGTH(16)
_BOOLS = {False: _LENGTH(1) + b"\0", True: _LENGTH(1) + b"\1"}
_NULL = _LENGTH(-1)


class _Array(bytes):
    """The bytes of one array. `OID` is the number of its type, the same on every server."""

    OID: ClassVar[int]

    __slots__ = ()


class TextArray(_Array):
    """A `text[]`."""

    OID = 1009
    __slots__ = ()

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> "TextArray":
        """Return the array of these texts."""
        # Most text columns repeat a few values, so encode each value once.
        parts = {text: _with_length(None if text is None else text.encode()) for text in set(texts)}
        return cls(_written(25, len(texts), map(parts.__getitem__, texts)))


class ByteaArray(_Array):
    """A `bytea[]`."""

    OID = 1001
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> "ByteaArray":
        """Return the array of these values."""
        return cls(_written(17, len(values), map(_with_length, values)))


class UuidArray(_Array):
    """A `uuid[]`."""

    OID = 2951
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[UUID]) -> "UuidArray":
        """Return the array of these ids."""
        # `UUID.bytes` gives the same bytes, but slower.
        return cls.of_bytes([value.int.to_bytes(16) for value in values])

    @classmethod
    def of_bytes(cls, values: Sequence[bytes]) -> "UuidArray":
        """Return the array of ids of 16 bytes each."""
        return cls(_written(2950, len(values), [_UUID_LENGTH + value for value in values]))


class BigintArray(_Array):
    """A `bigint[]`."""

    OID = 1016
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[int | None]) -> "BigintArray":
        """Return the array of these numbers."""
        parts = [_NULL if value is None else _BIGINT(_BIGINT_BYTES, value) for value in values]
        return cls(_written(20, len(values), parts))


class BooleanArray(_Array):
    """A `boolean[]`."""

    OID = 1000
    __slots__ = ()

    @classmethod
    def of(cls, values: Sequence[bool]) -> "BooleanArray":
        """Return the array of these values."""
        return cls(_written(16, len(values), [_BOOLS[value] for value in values]))


class _BinaryDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Buffer) -> Buffer:
        return obj


def send_binary_arrays() -> None:
    """Make psycopg send the bytes of these arrays unchanged. Other types are not affected."""
    for kind in (TextArray, ByteaArray, UuidArray, BigintArray, BooleanArray):
        dumper = type(f"{kind.__name__}Dumper", (_BinaryDumper,), {"oid": kind.OID})
        psycopg.adapters.register_dumper(kind, dumper)


def _with_length(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH(len(value)) + value


def _written(element: int, count: int, parts: Iterable[bytes]) -> bytes:
    # An empty array has no dimensions. The flag for NULLs is only a hint to the server.
    head = _HEAD.pack(1, 1, element, count, 1) if count else _HEAD.pack(0, 0, element, 0, 0)[:12]
    return b"".join([head, *parts])
