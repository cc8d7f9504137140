"""What audits need from outside: the Merkle log, its leaves and heads, and the checkpoints."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from tracker.domain.transparency_log.merkle import Node
from tracker.domain.transparency_log.notes import Note


class Leaf(Protocol):
    """A leaf of the Merkle log: one stored event."""

    @property
    def leaf(self) -> int:
        """The number of the leaf, from 0."""

    @property
    def dossier_id(self) -> UUID:
        """The dossier of the event."""

    @property
    def version(self) -> int:
        """The number of the event within its dossier, from 1."""

    @property
    def position(self) -> int:
        """The position of the event in the store."""

    @property
    def previous(self) -> int | None:
        """The number of the previous leaf of the same dossier."""

    @property
    def chain(self) -> bytes:
        """The hash chain of the dossier up to this leaf."""

    @property
    def nodes(self) -> bytes:
        """The hashes of all complete nodes that end at this leaf, the leaf hash first."""

    def node(self, level: int) -> bytes:
        """Return the hash of the complete node of this level that ends at this leaf."""


class Head(Protocol):
    """The newest leaf of a dossier, as a leaf of the tree of heads."""

    @property
    def dossier_id(self) -> UUID:
        """The dossier."""

    @property
    def number(self) -> int:
        """The number of the head in the tree of heads, from 0."""

    @property
    def version(self) -> int:
        """The number of events of the dossier."""

    @property
    def leaf(self) -> int:
        """The number of the dossier's newest leaf."""

    @property
    def chain(self) -> bytes:
        """The hash chain of the dossier up to its newest leaf."""


class MerkleLog(Protocol):
    """The Merkle log of all events, and the trees of heads of the last checkpoints."""

    def size(self) -> int:
        """Return the number of leaves."""

    def position(self) -> int:
        """Return the store position of the newest event in the log."""

    def leaf(self, number: int) -> Leaf | None:
        """Return the leaf with this number."""

    def leaves(self, *, after: int, up_to: int, limit: int) -> Sequence[Leaf]:
        """Return up to `limit` leaves with numbers above `after` and not above `up_to`."""

    def leaves_of(self, dossier_id: UUID, size: int) -> Sequence[Leaf]:
        """Return the leaves of a dossier in the log of this size, oldest first."""

    def fetch(self, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of the log's tree. Raise a `TrackerError` if one is missing."""

    def make_heads(self, size: int) -> tuple[int, bytes]:
        """Make the tree of heads for the log of this size. Return the number of heads and root."""

    def drop_heads(self, keep: Collection[int]) -> None:
        """Drop the trees of heads of all other sizes."""

    def heads_around(self, dossier_id: UUID, size: int) -> Sequence[Head]:
        """Return the head of the dossier; if it has none, return its one or two neighbours."""

    def fetch_heads(self, size: int, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of the tree of heads of this size."""


class Checkpoints(Protocol):
    """All signed checkpoints of one log."""

    def add(self, size: int, note: Note) -> None:
        """Store a checkpoint. Raise a `ConflictError` if there is already one of this size."""

    def last(self) -> Note | None:
        """Return the newest checkpoint."""

    def of_size(self, size: int) -> Note | None:
        """Return the checkpoint of this size."""

    def after(self, size: int) -> Iterator[tuple[int, str]]:
        """Return the size and the text of every larger checkpoint, smallest first."""

    def replace(self, size: int, before: Note, after: Note) -> bool:
        """Replace `before` by `after`. Return `False` if `before` is no longer stored."""
