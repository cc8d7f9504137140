"""Begins where a checkpoint ends, which an auditor kept: what it vouches for is not read again.

The log still has the checkpoint's root, and what follows is checked on top of it. Of the events
before it only those are read again whose dossiers go on after it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol
from uuid import UUID

from tracker.application.audit.verify_log import Begun, Leaf, LogDamage, LogDamageKind
from tracker.application.audit.verify_store import StoredRow
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import (
    HASH_BYTES,
    Frontier,
    InvalidProofError,
    Node,
    check_consistency,
    check_inclusion,
    inclusion_proof,
    peaks,
)


class Log(Protocol):
    """The log, by what is asked of it."""

    def size(self) -> int:
        """Return the number of leaves."""

    def leaf(self, number: int) -> Leaf | None:
        """Return a leaf."""

    def fetch(self, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of its tree. Raise a `TrackerError` where one is missing."""


class Stored(Protocol):
    """The rows of the store."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return rows of events, oldest first."""

    def of(self, dossier_ids: Sequence[UUID], *, up_to: int) -> Iterator[Sequence[StoredRow]]:
        """Return the events of each of these dossiers up to a position, in the order of versions."""

    def count(self, *, up_to: int) -> int:
        """Return the number of events up to this position."""


def begun(said: Checkpoint, log: Log, stored: Stored) -> Begun | LogDamage:
    """Return the log as it stood at this checkpoint, or say why it is not the one that was signed.

    Its tree has the root that was signed; the last event under it is in the store, with the hash
    of that leaf; and up to there the store has as many events as were signed. A checkpoint is of
    one leaf at least.
    """
    newest = said.size - 1
    if log.size() < said.size:
        detail = f"{said.size} were signed at {said.made_at}, {log.size()} are there"
        return LogDamage(LogDamageKind.CUT, log.size(), detail)
    nodes = peaks(said.size)
    found = log.fetch(nodes)
    tops = [found[node] for node in nodes]
    root = Frontier(said.size, tops).root()
    leaf = log.leaf(newest)
    hashed = leaf.nodes[:HASH_BYTES] if leaf else b""
    proof = inclusion_proof(newest, said.size, log.fetch)
    try:
        check_inclusion(newest, said.size, hashed, proof, root)
        check_consistency(said.size, said.size, said.root, root, ())
    except InvalidProofError:
        return LogDamage(LogDamageKind.FORKED, newest, f"signed for {said.size} at {said.made_at}")
    position = leaf.position if leaf else 0
    stands = stored.events(after=position - 1, up_to=position, limit=1)
    if not stands:
        return LogDamage(LogDamageKind.MISSING, newest, f"it stood at position {position}")
    if leaf_hash(stands[0].topic, stands[0].state) != hashed:
        return LogDamage(LogDamageKind.CHANGED, newest, f"it stands at position {position}")
    count = stored.count(up_to=position)
    if count != said.size:
        detail = f"{said.size} were logged up to position {position}, {count} are there"
        return LogDamage(LogDamageKind.COUNT, newest, detail)
    return Begun(said.size, tops, position, partial(stored.of, up_to=position))
