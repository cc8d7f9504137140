"""The Merkle log over the stored bytes of every event, in the order of the store.

It always follows the store itself, never Kafka: Kafka's partitions change the order.
"""

from collections.abc import Sequence

from tracker.domain.transparency_log.leaves import NO_CHAIN, chained, leaf_hash
from tracker.domain.transparency_log.merkle import HASH_BYTES, Frontier, peaks
from tracker.projections.model.feed import Record
from tracker.projections.model.projection import Projection, by_dossier, ids, is_next
from tracker.projections.model.rows import Row, View


class LogRow(Row, frozen=True, gc=False):
    """One leaf, numbered from 0 without gaps.

    `nodes` are the hashes of all complete nodes that end with this leaf, the leaf's own first.
    `previous` is the dossier's leaf before this one. `chain` is the dossier's chain after this
    leaf.
    """

    TABLE = "log"
    KEY = ("leaf",)
    INDEXES = (("dossier_id", "version"),)

    leaf: int
    version: int
    position: int
    previous: int | None
    chain: bytes
    nodes: bytes

    def node(self, level: int) -> bytes:
        """Return the hash of the complete node of this level that ends here."""
        return self.nodes[level * HASH_BYTES : (level + 1) * HASH_BYTES]


class HeadRow(Row, frozen=True, gc=False):
    """A dossier in the tree of heads, numbered from 0 in the order of dossiers' ids.

    `leaf` is the dossier's last leaf and `chain` its chain there. `nodes` are as in `LogRow`.
    """

    TABLE = "log_heads"
    KEY = ("number",)
    INDEXES = (("dossier_id",),)

    number: int
    version: int
    leaf: int
    chain: bytes
    nodes: bytes

    def node(self, level: int) -> bytes:
        """Return the hash of the complete node of this level that ends here."""
        return self.nodes[level * HASH_BYTES : (level + 1) * HASH_BYTES]


class TransparencyLogProjection(Projection):
    """Translate each event into its leaf."""

    NAME = "log"
    ROWS = (LogRow,)

    def apply(self, records: Sequence[Record], view: View) -> None:
        """Append one leaf an event; skip events that are already in the log.

        Raise `GapInHistoryError` if an event is missing.
        """
        dossiers = ids(by_dossier(records))
        heads = dict(zip(dossiers, view.newest(LogRow, dossiers), strict=True))
        tree, added = _frontier(view), list[LogRow]()
        for record in records:
            event = record.event
            head = heads[event.originator_id]
            if not is_next(event, head.version if head else 0):
                continue
            hashed = leaf_hash(event.TOPIC, record.state)
            row = LogRow(
                dossier_id=event.originator_id,
                leaf=tree.size,
                version=event.originator_version,
                position=record.store_position,
                previous=head.leaf if head else None,
                chain=chained(head.chain if head else NO_CHAIN, tree.size, hashed),
                nodes=b"".join(tree.append(hashed)),
            )
            heads[event.originator_id] = row
            added.append(row)
        view.add(added)


def _frontier(view: View) -> Frontier:
    last = view.last(LogRow)
    nodes = peaks(last.leaf + 1) if last else []
    rows = view.numbered(LogRow, [node.last_leaf for node in nodes])
    return Frontier(
        last.leaf + 1 if last else 0, [rows[node.last_leaf].node(node.level) for node in nodes]
    )
