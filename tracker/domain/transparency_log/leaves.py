"""What the log says: of each event a leaf, of each dossier a chain and its head.

Numbers are 8 bytes, big-endian. The prefixes keep every kind of hash apart from the others.
"""

import hashlib
from uuid import UUID

from tracker.domain.transparency_log import merkle

_CHAIN = b"\x02"
NO_CHAIN = bytes(merkle.HASH_BYTES)
"""What stands before a dossier's first event."""


def leaf_hash(topic: str, state: bytes) -> bytes:
    """Return the leaf of an event: over its stored name, a line feed, and its stored bytes."""
    return merkle.leaf_hash(topic.encode() + b"\n" + state)


def chained(before: bytes, leaf: int, hashed: bytes) -> bytes:
    """Return a dossier's chain after its event at this leaf.

    It stands for the whole list of the dossier's leaves, their numbers and hashes, up to this one.
    """
    return hashlib.sha256(_CHAIN + before + leaf.to_bytes(8) + hashed).digest()


def head_hash(dossier_id: UUID, version: int, leaf: int, chain: bytes) -> bytes:
    """Return the leaf that stands for a dossier in the tree of heads."""
    return merkle.leaf_hash(dossier_id.bytes + version.to_bytes(8) + leaf.to_bytes(8) + chain)
