"""The Merkle tree of RFC 6962 and RFC 9162. The caller passes in how to fetch hashes.

A node is complete when it covers 2^level leaves. All other nodes are computed from complete ones.
Appending leaf `n` determines the nodes that it completes, so the tree only grows and no node is
ever rewritten.
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
    """The tree does not have this leaf or size."""


class Node(NamedTuple):
    """The complete node `number` on its level, over 2^level leaves; leaves have level 0."""

    level: int
    number: int

    @property
    def last_leaf(self) -> int:
        """Return the number of the leaf that completes the node."""
        return ((self.number + 1) << self.level) - 1


Fetch = Callable[[Collection[Node]], Mapping[Node, bytes]]
"""A function that returns the hashes of complete nodes."""

Span = tuple[int, int]
"""The leaves from the first number up to, but not including, the second."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two child nodes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the hash of each complete node without a parent."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Start empty, or continue from a size with the hashes of `peaks(size)`."""
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; return the hashes of all nodes it completes, the leaf's own first."""
        completed = [leaf]
        size = self.size
        while size & 1:
            completed.append(node_hash(self._peaks.pop(), completed[-1]))
            size >>= 1
        self._peaks.append(completed[-1])
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root at the current size."""
        return _joined(self._peaks) if self._peaks else EMPTY_ROOT


def peaks(size: int) -> list[Node]:
    """Return the complete nodes that form a tree of this size, from the left."""
    return _tiles((0, size))


def root_of(size: int, fetch: Fetch) -> bytes:
    """Return the root of the tree at this size."""
    return _hashes([(0, size)], fetch)[0] if size else EMPTY_ROOT


def inclusion_proof(leaf: int, size: int, fetch: Fetch) -> list[bytes]:
    """Return the proof that a tree of this size holds this leaf (RFC 9162, 2.1.3).

    The proof has about log2(size) hashes. Raise `OutsideTreeError` for a leaf outside the tree.
    """
    if not 0 <= leaf < size:
        raise OutsideTreeError
    siblings: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if leaf < middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    return _hashes(siblings[::-1], fetch)


def consistency_proof(first: int, second: int, fetch: Fetch) -> list[bytes]:
    """Return the proof that the tree of size `second` begins with the tree of size `first`.

    The format is RFC 9162, 2.1.4. Raise `OutsideTreeError` unless 0 < first <= second.
    """
    if not 0 < first <= second:
        raise OutsideTreeError
    siblings: list[Span] = []
    low, high = 0, second
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            siblings.append((middle, high))
            high = middle
        else:
            siblings.append((low, middle))
            low = middle
    known = [(low, high)] if low else []
    return _hashes(known + siblings[::-1], fetch)


def check_inclusion(
    leaf: int, size: int, hashed: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise `InvalidProofError` unless the leaf with this hash is in the tree with this root."""
    _check(0 <= leaf < size)
    index, last = leaf, size - 1
    for sibling in proof:
        _check(last > 0)
        if index & 1 or index == last:
            hashed = node_hash(sibling, hashed)
            index, last = _up_to_a_right_child(index, last)
        else:
            hashed = node_hash(hashed, sibling)
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
    for sibling in path[1:]:
        _check(last > 0)
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            index, last = _up_to_a_right_child(index, last)
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    _check(last == 0 and (old, new) == (first_root, second_root))


def _check(holds: bool) -> None:  # noqa: FBT001  a condition, not a flag
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
    """Return the complete nodes that cover a span as RFC 9162 splits it, from the left."""
    low, high = span
    nodes: list[Node] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append(Node(level, low >> level))
        low += 1 << level
    return nodes


def _hashes(spans: Sequence[Span], fetch: Fetch) -> list[bytes]:
    """Return the hash over each span. All nodes are fetched in one call."""
    tiles = [_tiles(span) for span in spans]
    hashes = fetch([node for part in tiles for node in part])
    return [_joined([hashes[node] for node in part]) for part in tiles]


def _joined(hashes: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes))
