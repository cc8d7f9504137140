"""The leaves of the log: a leaf for each event, and a chain and a head for each dossier.

Numbers are 8 bytes, big-endian. A prefix keeps each kind of hash distinct from the others.
"""

import hashlib
from uuid import UUID

from tracker.domain.transparency_log import merkle

_CHAIN = b"\x02"
NO_CHAIN = bytes(merkle.HASH_BYTES)
"""The chain of a dossier before its first event."""


def leaf_hash(topic: str, state: bytes) -> bytes:
    """Return the leaf hash of an event: of its stored name, a line feed and its stored bytes."""
    return merkle.leaf_hash(topic.encode() + b"\n" + state)


def chained(before: bytes, leaf: int, hashed: bytes) -> bytes:
    """Return the chain of a dossier after its event at this leaf.

    The chain commits to the numbers and hashes of all leaves of the dossier up to this one.
    """
    return hashlib.sha256(_CHAIN + before + leaf.to_bytes(8) + hashed).digest()


def head_hash(dossier_id: UUID, version: int, leaf: int, chain: bytes) -> bytes:
    """Return the leaf hash of a dossier in the tree of heads."""
    return merkle.leaf_hash(dossier_id.bytes + version.to_bytes(8) + leaf.to_bytes(8) + chain)
