"""Checks the Merkle log against the store's bytes, leaf by leaf, and against what was signed."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from tracker.application.verifying import BEFORE_ALL, StoredRow
from tracker.domain.checkpoint import Checkpoint
from tracker.domain.errors import TrackerError
from tracker.domain.log import NO_CHAIN, chained, head_hash, leaf_hash
from tracker.domain.merkle import HASH_BYTES, Frontier
from tracker.domain.notes import Note

_ROWS_A_READ = 1000


class Kind(StrEnum):
    """What can be wrong with the log, or with the store as the log knows it."""

    MISSING = "an event that was logged is not in the store"
    NOT_LOGGED = "an event in the store that was passed over by the log"
    RENUMBERED = "an event that stands at another position than it was logged at"
    CHANGED = "an event that is not the one that was logged"
    LEAF = "a leaf that contradicts its own log"
    UNSIGNED = "a checkpoint that none of the log's keys signed"
    CUT = "a checkpoint of more leaves than the log has"
    FORKED = "a checkpoint of another log: a leaf up to this one was changed, log and all"
    HEADS = "a checkpoint whose heads are not those of the dossiers"


@dataclass(frozen=True)
class LogDamage:
    """What is wrong, and with which leaf first."""

    kind: Kind
    leaf: int
    detail: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"leaf {self.leaf}: {self.kind}: {self.detail}"


class Leaf(Protocol):
    """A row of the log, as it is."""

    @property
    def leaf(self) -> int:
        """Its number."""

    @property
    def dossier_id(self) -> UUID:
        """Its dossier."""

    @property
    def version(self) -> int:
        """The event's number within its dossier."""

    @property
    def position(self) -> int:
        """The event's place in the store."""

    @property
    def previous(self) -> int | None:
        """The leaf of its dossier before it."""

    @property
    def chain(self) -> bytes:
        """Its dossier's chain here."""

    @property
    def nodes(self) -> bytes:
        """The hashes of all complete nodes that end here."""


class Leaves(Protocol):
    """The rows of the log."""

    def size(self) -> int:
        """Give the number of leaves."""

    def leaves(self, *, after: int, up_to: int, limit: int) -> Sequence[Leaf]:
        """Give up to `limit` leaves with numbers above `after` and not above `up_to`."""


class Events(Protocol):
    """The rows of the store."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Give rows of events, oldest first."""


@dataclass
class _Head:
    """A dossier's newest leaf so far."""

    version: int
    leaf: int
    chain: bytes


class LogVerifier:
    """Makes the tree again from the store in one pass, up to where the log is when it begins.

    It holds a few hundred bytes of memory a dossier.
    """

    def __init__(
        self,
        leaves: Leaves,
        events: Events,
        signed: Iterator[tuple[int, str]],
        check_signature: Callable[[Note], None],
    ) -> None:
        """Compare these.

        `signed` are checkpoints with their sizes, the smallest first; `check_signature` raises
        where the log did not sign a note.
        """
        self._leaves = leaves
        self._events = events
        self._signed = signed
        self._check_signature = check_signature
        self._tree = Frontier()
        self._heads: dict[UUID, _Head] = {}
        self.size = leaves.size()
        self.checkpoints = 0

    @property
    def root(self) -> bytes:
        """Give the root over what was read so far."""
        return self._tree.root()

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> LogDamage | None:
        """Give what is wrong first, `None` where all is well; `step` is told how far it is."""
        return next(self._damages(step), None)

    def _damages(self, step: Callable[[int], None]) -> Iterator[LogDamage]:
        signed, position = next(self._signed, None), BEFORE_ALL
        while self._tree.size < self.size:
            rows = self._leaves.leaves(
                after=self._tree.size - 1, up_to=self.size - 1, limit=_ROWS_A_READ
            )
            if not rows:
                yield self._damage(Kind.LEAF, "it is missing in the log")
                return
            stored = deque(
                self._events.events(after=position, up_to=rows[-1].position, limit=2 * _ROWS_A_READ)
            )
            for row in rows:
                yield from self._in_leaf(row, stored.popleft() if stored else None)
                while signed and signed[0] <= self._tree.size:
                    after = next(self._signed, None)
                    is_last = after is None or after[0] > self.size
                    yield from self._in_checkpoint(*signed, is_last=is_last)
                    signed = after
            position = rows[-1].position
            step(len(rows))
        # What is signed meanwhile is of a log that grew meanwhile.
        if signed and signed[0] > self._leaves.size():
            yield self._damage(Kind.CUT, f"{signed[0]} were signed, {self.size} are there")

    def _in_leaf(self, row: Leaf, stored: StoredRow | None) -> Iterator[LogDamage]:
        hashed = leaf_hash(stored.topic, stored.state) if stored else b""
        if row.leaf != self._tree.size:
            yield self._damage(Kind.LEAF, "it is missing in the log")
        elif stored is None:
            yield self._damage(Kind.MISSING, f"it stood at position {row.position}")
        elif stored.position != row.position and hashed == row.nodes[:HASH_BYTES]:
            detail = f"it was at {row.position} and is at {stored.position}"
            yield self._damage(Kind.RENUMBERED, detail)
        elif stored.position > row.position:
            yield self._damage(Kind.MISSING, f"it stood at position {row.position}")
        elif stored.position < row.position:
            yield self._damage(Kind.NOT_LOGGED, f"it stands at position {stored.position}")
        elif hashed != row.nodes[:HASH_BYTES]:
            yield self._damage(Kind.CHANGED, f"it stands at position {row.position}")
        else:
            yield from self._in_row(row, hashed, stored)

    def _in_row(self, row: Leaf, hashed: bytes, stored: StoredRow) -> Iterator[LogDamage]:
        """Check what the log itself says of a leaf whose event is as it was."""
        before = self._heads.get(row.dossier_id)
        chain = chained(before.chain if before else NO_CHAIN, row.leaf, hashed)
        if (row.dossier_id.hex, row.version) != (stored.dossier_id, stored.version):
            detail = f"it names version {row.version} of {row.dossier_id}"
            yield self._damage(Kind.LEAF, detail)
        if (row.previous, row.chain) != (before.leaf if before else None, chain):
            yield self._damage(Kind.LEAF, "its dossier's chain is broken")
        if b"".join(self._tree.append(hashed)) != row.nodes:
            yield LogDamage(Kind.LEAF, row.leaf, "nodes above it are not those of the tree")
        self._heads[row.dossier_id] = _Head(row.version, row.leaf, chain)

    def _in_checkpoint(self, size: int, written: str, *, is_last: bool) -> Iterator[LogDamage]:
        self.checkpoints += 1
        try:
            note = Note.parse(written)
            self._check_signature(note)
            said = Checkpoint.parse(note.text)
        except TrackerError as error:
            yield LogDamage(Kind.UNSIGNED, size - 1, f"of {size} leaves: {error}")
            return
        if (said.size, said.root) != (size, self._tree.root()):
            yield LogDamage(Kind.FORKED, size - 1, f"signed for {said.size} at {said.made_at}")
        elif is_last and (said.heads, said.heads_root) != self._heads_root():
            yield LogDamage(Kind.HEADS, size - 1, f"{said.heads} heads, made at {said.made_at}")

    def _heads_root(self) -> tuple[int, bytes]:
        tree = Frontier()
        for dossier in sorted(self._heads):
            head = self._heads[dossier]
            tree.append(head_hash(dossier, head.version, head.leaf, head.chain))
        return tree.size, tree.root()

    def _damage(self, kind: Kind, detail: str) -> LogDamage:
        return LogDamage(kind, self._tree.size, detail)
