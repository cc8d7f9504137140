"""The Merkle tree of RFC 6962 and RFC 9162: the arithmetic alone, fetching passed in.

A node is complete where it stands over 2^level leaves; all others follow from complete ones. The
nodes that leaf `n` completes are known the moment it is appended, so a tree grows by what each
leaf adds and nothing is ever rewritten.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from tracker.domain.errors import TrackerError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class InvalidProofError(TrackerError):
    """The proof does not lead to the root."""


class OutsideTreeError(TrackerError):
    """There is no such leaf or size in the tree."""


class Node(NamedTuple):
    """A complete node: the `number`th on its level, over 2^level leaves; level 0 are the leaves."""

    level: int
    number: int

    @property
    def last_leaf(self) -> int:
        """Return the number of the leaf that completes it."""
        return ((self.number + 1) << self.level) - 1


Fetch = Callable[[Collection[Node]], Mapping[Node, bytes]]
"""Return the hashes of complete nodes."""

Span = tuple[int, int]
"""The leaves from the first number up to, not including, the second."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each complete node that has no parent yet."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Begin empty, or go on from a size with the hashes of `peaks(size)`."""
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Take one more leaf's hash; give the hashes of all nodes it completes, its own first."""
        completed = [leaf]
        size = self.size
        while size & 1:
            completed.append(node_hash(self._peaks.pop(), completed[-1]))
            size >>= 1
        self._peaks.append(completed[-1])
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        return _joined(self._peaks) if self._peaks else EMPTY_ROOT


def peaks(size: int) -> list[Node]:
    """Return the complete nodes that a tree of this size consists of, from the left."""
    return _tiles((0, size))


def root_of(size: int, fetch: Fetch) -> bytes:
    """Return the root the tree had at this size."""
    return _hashes([(0, size)], fetch)[0] if size else EMPTY_ROOT


def inclusion_proof(leaf: int, size: int, fetch: Fetch) -> list[bytes]:
    """Prove that the tree of this size holds this leaf (RFC 9162, 2.1.3). The log of it long.

    Raise `OutsideTreeError`.
    """
    if not 0 <= leaf < size:
        raise OutsideTreeError
    beside: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if leaf < middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    return _hashes(beside[::-1], fetch)


def consistency_proof(first: int, second: int, fetch: Fetch) -> list[bytes]:
    """Prove that the tree of size `second` begins with that of size `first` (RFC 9162, 2.1.4).

    Raise `OutsideTreeError`.
    """
    if not 0 < first <= second:
        raise OutsideTreeError
    beside: list[Span] = []
    low, high = 0, second
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            beside.append((middle, high))
            high = middle
        else:
            beside.append((low, middle))
            low = middle
    known = [(low, high)] if low else []
    return _hashes(known + beside[::-1], fetch)


def check_inclusion(
    leaf: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise `InvalidProofError` unless the leaf with this hash is in the tree with this root."""
    _check(0 <= leaf < size)
    index, last = leaf, size - 1
    for beside in proof:
        _check(last > 0)
        if index & 1 or index == last:
            hashed = node_hash(beside, hashed)
            index, last = _up_to_a_right_child(index, last)
        else:
            hashed = node_hash(hashed, beside)
        index, last = index >> 1, last >> 1
    _check(last == 0 and hashed == root)


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `InvalidProofError` unless the second tree begins with the first."""
    _check(0 < first <= second)
    if first == second:
        _check(not proof and first_root == second_root)
        return
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    _check(bool(path))
    index, last = first - 1, second - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        _check(last > 0)
        if index & 1 or index == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            index, last = _up_to_a_right_child(index, last)
        else:
            new = node_hash(new, beside)
        index, last = index >> 1, last >> 1
    _check(last == 0 and (old, new) == (first_root, second_root))


def _check(holds: bool) -> None:  # noqa: FBT001  it is all this is about
    if not holds:
        raise InvalidProofError


def _up_to_a_right_child(index: int, last: int) -> tuple[int, int]:
    while index and not index & 1:
        index, last = index >> 1, last >> 1
    return index, last


def _split(width: int) -> int:
    """Return the largest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _tiles(span: Span) -> list[Node]:
    """Return the complete nodes over a span that the RFC's splitting leads to, from the left."""
    low, high = span
    found: list[Node] = []
    while low < high:
        level = (high - low).bit_length() - 1
        found.append(Node(level, low >> level))
        low += 1 << level
    return found


def _hashes(spans: Sequence[Span], fetch: Fetch) -> list[bytes]:
    """Return the hash over each span; all that is needed is fetched at once."""
    tiles = [_tiles(span) for span in spans]
    found = fetch([node for part in tiles for node in part])
    return [_joined([found[node] for node in part]) for part in tiles]


def _joined(hashes: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))
