"""Checks the Merkle log, leaf by leaf, against the store and the signed checkpoints."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from uuid import UUID

from tracker.application.audit.ports import Leaf, MerkleLog
from tracker.application.audit.verify_store import BEFORE_ALL, EventRows, StoredRow
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import NO_CHAIN, chained, head_hash, leaf_hash
from tracker.domain.transparency_log.merkle import HASH_BYTES, Frontier
from tracker.domain.transparency_log.notes import Note

_ROWS_A_READ = 1000


class LogDamageKind(StrEnum):
    """A fault of the log, or of the store compared with the log."""

    MISSING = "an event that was logged is not in the store"
    NOT_LOGGED = "an event in the store that is not in the log"
    RENUMBERED = "an event that has another position than in the log"
    CHANGED = "an event that is not the one that was logged"
    LEAF = "a leaf that contradicts the rest of the log"
    UNSIGNED = "a checkpoint that none of the log's keys signed"
    CUT = "a checkpoint of more leaves than the log has"
    FORKED = "a checkpoint of another log: a leaf up to this one was changed in store and log"
    HEADS = "a checkpoint whose heads differ from the newest leaves of the dossiers"
    COUNT = "more or fewer events in the store than leaves up to this one"


@dataclass(frozen=True)
class LogDamage:
    """A fault and the first leaf that has it."""

    kind: LogDamageKind
    leaf: int
    detail: str

    def __str__(self) -> str:
        """Return one line for an operator."""
        return f"leaf {self.leaf}: {self.kind}: {self.detail}"


@dataclass(frozen=True)
class Begun:
    """The part of a log that a kept checkpoint covers; `position` is that of its last event.

    `before` returns the events of each of these dossiers up to `position`, in order of versions.
    """

    size: int
    peaks: Sequence[bytes]
    position: int
    before: Callable[[Sequence[UUID]], Iterator[Sequence[StoredRow]]]


@dataclass
class _Head:
    """The newest leaf of a dossier so far."""

    version: int
    leaf: int
    chain: bytes


class LogVerifier:
    """Rebuilds the tree from the store in one pass, up to the size of the log at the start.

    It needs a few hundred bytes of memory for each dossier. With `begun` it continues from a kept
    checkpoint: it reads earlier events only of dossiers that have later events, and it does not
    check the tree of heads.
    """

    def __init__(
        self,
        leaves: MerkleLog,
        events: EventRows,
        signed: Iterator[tuple[int, str]],
        check_signature: Callable[[Note], None],
        begun: Begun | None = None,
    ) -> None:
        """Compare the leaves with the events and the signed checkpoints.

        `signed` yields the size and the text of each checkpoint, smallest first.
        `check_signature` raises a `TrackerError` if the log did not sign a note.
        """
        self._leaves = leaves
        self._events = events
        self._signed = signed
        self._check_signature = check_signature
        self._begun = begun
        self._tree = Frontier(begun.size, begun.peaks) if begun else Frontier()
        self._heads: dict[UUID, _Head] = {}
        self.size = leaves.size()
        self.checkpoints = 0
        self.last_signed = ""

    @property
    def root(self) -> bytes:
        """The root over the leaves read so far."""
        return self._tree.root()

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> LogDamage | None:
        """Return the first damage or `None`. `step` gets the number of leaves just checked."""
        return next(self._damages(step), None)

    def _damages(self, step: Callable[[int], None]) -> Iterator[LogDamage]:
        signed = next(self._signed, None)
        position = self._begun.position if self._begun else BEFORE_ALL
        while self._tree.size < self.size:
            rows = self._leaves.leaves(
                after=self._tree.size - 1, up_to=self.size - 1, limit=_ROWS_A_READ
            )
            if not rows:
                yield self._damage(LogDamageKind.LEAF, "it is missing in the log")
                return
            if self._begun:
                yield from self._before({row.dossier_id for row in rows}, self._begun)
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
        # The log may grow during the check, so a later checkpoint may be larger than `self.size`.
        if signed and signed[0] > self._leaves.size():
            yield self._damage(
                LogDamageKind.CUT, f"{signed[0]} were signed, the log has {self.size}"
            )

    def _before(self, dossiers: set[UUID], begun: Begun) -> Iterator[LogDamage]:
        """Check the earlier leaves of these dossiers, up to the size of the kept checkpoint."""
        ids = sorted(dossiers - self._heads.keys())
        stored = {UUID(rows[0].dossier_id): rows for rows in begun.before(ids)}
        for dossier_id in ids:
            head: _Head | None = None
            leaves = self._leaves.leaves_of(dossier_id, begun.size)
            for row, event in zip_longest(leaves, stored.get(dossier_id, ())):
                if row is None:
                    detail = f"it is at position {event.position}"
                    yield self._damage(LogDamageKind.NOT_LOGGED, detail)
                    return
                hashed = leaf_hash(event.topic, event.state) if event else b""
                if event is None or event.version != row.version:
                    yield LogDamage(
                        LogDamageKind.MISSING, row.leaf, f"it was at position {row.position}"
                    )
                elif hashed != row.nodes[:HASH_BYTES]:
                    yield LogDamage(
                        LogDamageKind.CHANGED, row.leaf, f"it is at position {row.position}"
                    )
                chain = chained(head.chain if head else NO_CHAIN, row.leaf, hashed)
                if (row.previous, row.chain) != (head.leaf if head else None, chain):
                    yield LogDamage(LogDamageKind.LEAF, row.leaf, "its dossier's chain is broken")
                head = _Head(row.version, row.leaf, chain)
            if head:
                self._heads[dossier_id] = head

    def _in_leaf(self, row: Leaf, stored: StoredRow | None) -> Iterator[LogDamage]:
        hashed = leaf_hash(stored.topic, stored.state) if stored else b""
        if row.leaf != self._tree.size:
            yield self._damage(LogDamageKind.LEAF, "it is missing in the log")
        elif stored is None:
            yield self._damage(LogDamageKind.MISSING, f"it was at position {row.position}")
        elif stored.position != row.position and hashed == row.nodes[:HASH_BYTES]:
            detail = f"it was at {row.position} and is at {stored.position}"
            yield self._damage(LogDamageKind.RENUMBERED, detail)
        elif stored.position > row.position:
            yield self._damage(LogDamageKind.MISSING, f"it was at position {row.position}")
        elif stored.position < row.position:
            yield self._damage(LogDamageKind.NOT_LOGGED, f"it is at position {stored.position}")
        elif hashed != row.nodes[:HASH_BYTES]:
            yield self._damage(LogDamageKind.CHANGED, f"it is at position {row.position}")
        else:
            yield from self._in_row(row, hashed, stored)

    def _in_row(self, row: Leaf, hashed: bytes, stored: StoredRow) -> Iterator[LogDamage]:
        """Check the columns of a leaf whose event is unchanged."""
        before = self._heads.get(row.dossier_id)
        chain = chained(before.chain if before else NO_CHAIN, row.leaf, hashed)
        if (row.dossier_id.hex, row.version) != (stored.dossier_id, stored.version):
            detail = f"it names version {row.version} of {row.dossier_id}"
            yield self._damage(LogDamageKind.LEAF, detail)
        if (row.previous, row.chain) != (before.leaf if before else None, chain):
            yield self._damage(LogDamageKind.LEAF, "its dossier's chain is broken")
        if b"".join(self._tree.append(hashed)) != row.nodes:
            yield LogDamage(
                LogDamageKind.LEAF, row.leaf, "nodes above it are not those of the tree"
            )
        self._heads[row.dossier_id] = _Head(row.version, row.leaf, chain)

    def _in_checkpoint(self, size: int, text: str, *, is_last: bool) -> Iterator[LogDamage]:
        self.checkpoints += 1
        try:
            note = Note.parse(text)
            self._check_signature(note)
            checkpoint = Checkpoint.parse(note.text)
        except TrackerError as error:
            yield LogDamage(LogDamageKind.UNSIGNED, size - 1, f"of {size} leaves: {error}")
            return
        if (checkpoint.size, checkpoint.root) != (size, self._tree.root()):
            yield LogDamage(
                LogDamageKind.FORKED,
                size - 1,
                f"signed for {checkpoint.size} at {checkpoint.made_at}",
            )
        elif (
            is_last
            and not self._begun
            and (checkpoint.heads, checkpoint.heads_root) != self._heads_root()
        ):
            yield LogDamage(
                LogDamageKind.HEADS,
                size - 1,
                f"{checkpoint.heads} heads, made at {checkpoint.made_at}",
            )
        self.last_signed = text

    def _heads_root(self) -> tuple[int, bytes]:
        tree = Frontier()
        for dossier in sorted(self._heads):
            head = self._heads[dossier]
            tree.append(head_hash(dossier, head.version, head.leaf, head.chain))
        return tree.size, tree.root()

    def _damage(self, kind: LogDamageKind, detail: str) -> LogDamage:
        return LogDamage(kind, self._tree.size, detail)
