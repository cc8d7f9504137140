"""Starts a check at a checkpoint that an auditor kept, without reading all events before it.

The log must still have the root of the checkpoint. The check then continues from there, and reads
earlier events only of dossiers that have later events.
"""

from functools import partial

from tracker.application.audit.ports import MerkleLog
from tracker.application.audit.verify_log import Begun, LogDamage, LogDamageKind
from tracker.application.audit.verify_store import StoredEvents
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import (
    HASH_BYTES,
    Frontier,
    InvalidProofError,
    check_consistency,
    check_inclusion,
    inclusion_proof,
    peaks,
)


def begun(checkpoint: Checkpoint, log: MerkleLog, stored: StoredEvents) -> Begun | LogDamage:
    """Return the log at this checkpoint, or the reason why it is not the signed log.

    Three conditions are checked: the tree has the signed root; the store has the event of the last
    leaf with the hash of that leaf; the store has as many events up to its position as were signed.
    The checkpoint must cover at least one leaf.
    """
    newest = checkpoint.size - 1
    if log.size() < checkpoint.size:
        detail = f"{checkpoint.size} were signed at {checkpoint.made_at}, the log has {log.size()}"
        return LogDamage(LogDamageKind.CUT, log.size(), detail)
    nodes = peaks(checkpoint.size)
    hashes = log.fetch(nodes)
    tops = [hashes[node] for node in nodes]
    root = Frontier(checkpoint.size, tops).root()
    leaf = log.leaf(newest)
    hashed = leaf.nodes[:HASH_BYTES] if leaf else b""
    proof = inclusion_proof(newest, checkpoint.size, log.fetch)
    try:
        check_inclusion(newest, checkpoint.size, hashed, proof, root)
        check_consistency(checkpoint.size, checkpoint.size, checkpoint.root, root, ())
    except InvalidProofError:
        return LogDamage(
            LogDamageKind.FORKED, newest, f"signed for {checkpoint.size} at {checkpoint.made_at}"
        )
    position = leaf.position if leaf else 0
    rows = stored.events(after=position - 1, up_to=position, limit=1)
    if not rows:
        return LogDamage(LogDamageKind.MISSING, newest, f"it was at position {position}")
    if leaf_hash(rows[0].topic, rows[0].state) != hashed:
        return LogDamage(LogDamageKind.CHANGED, newest, f"it is at position {position}")
    count = stored.count(up_to=position)
    if count != checkpoint.size:
        detail = f"{checkpoint.size} were logged up to position {position}, the store has {count}"
        return LogDamage(LogDamageKind.COUNT, newest, detail)
    return Begun(checkpoint.size, tops, position, partial(stored.of, up_to=position))
