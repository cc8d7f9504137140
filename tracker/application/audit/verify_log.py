"""Checks the Merkle log against the store's bytes, leaf by leaf, and against what was signed."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Protocol
from uuid import UUID

from tracker.application.audit.verify_store import BEFORE_ALL, StoredRow
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import NO_CHAIN, chained, head_hash, leaf_hash
from tracker.domain.transparency_log.merkle import HASH_BYTES, Frontier
from tracker.domain.transparency_log.notes import Note

_ROWS_A_READ = 1000


class LogDamageKind(StrEnum):
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
    COUNT = "more or fewer events in the store than were logged up to this one"


@dataclass(frozen=True)
class LogDamage:
    """What is wrong, and with which leaf first."""

    kind: LogDamageKind
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
        """Return the number of leaves."""

    def leaves(self, *, after: int, up_to: int, limit: int) -> Sequence[Leaf]:
        """Return up to `limit` leaves with numbers above `after` and not above `up_to`."""

    def leaves_of(self, dossier_id: UUID, size: int) -> Sequence[Leaf]:
        """Return a dossier's leaves in the log of this size, oldest first."""


class Events(Protocol):
    """The rows of the store."""

    def events(self, *, after: int, up_to: int, limit: int) -> Sequence[StoredRow]:
        """Return rows of events, oldest first."""


@dataclass(frozen=True)
class Begun:
    """A log that is known up to a size, its last leaf being at a position of the store.

    `before` gives the events up to there of each of these dossiers, in the order of versions.
    """

    size: int
    peaks: Sequence[bytes]
    position: int
    before: Callable[[Sequence[UUID]], Iterator[Sequence[StoredRow]]]


@dataclass
class _Head:
    """A dossier's newest leaf so far."""

    version: int
    leaf: int
    chain: bytes


class LogVerifier:
    """Makes the tree again from the store in one pass, up to where the log is when it begins.

    It holds a few hundred bytes of memory a dossier. Where the log was `begun` already, it goes on
    from there; what is before is then read again of those dossiers alone that go on, and the heads
    of all the dossiers are not looked at.
    """

    def __init__(
        self,
        leaves: Leaves,
        events: Events,
        signed: Iterator[tuple[int, str]],
        check_signature: Callable[[Note], None],
        begun: Begun | None = None,
    ) -> None:
        """Compare these.

        `signed` are checkpoints with their sizes, the smallest first; `check_signature` raises
        where the log did not sign a note.
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
        """Return the root over what was read so far."""
        return self._tree.root()

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> LogDamage | None:
        """Return what is wrong first, `None` where all is well; `step` is told how far it is."""
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
        # What is signed meanwhile is of a log that grew meanwhile.
        if signed and signed[0] > self._leaves.size():
            yield self._damage(LogDamageKind.CUT, f"{signed[0]} were signed, {self.size} are there")

    def _before(self, dossiers: set[UUID], begun: Begun) -> Iterator[LogDamage]:
        """Follow the chains of these dossiers to where the log was begun, from what is stored."""
        ids = sorted(dossiers - self._heads.keys())
        stored = {UUID(rows[0].dossier_id): rows for rows in begun.before(ids)}
        for one in ids:
            head: _Head | None = None
            leaves = self._leaves.leaves_of(one, begun.size)
            for row, event in zip_longest(leaves, stored.get(one, ())):
                if row is None:
                    detail = f"it stands at position {event.position}"
                    yield self._damage(LogDamageKind.NOT_LOGGED, detail)
                    return
                hashed = leaf_hash(event.topic, event.state) if event else b""
                if event is None or event.version != row.version:
                    yield LogDamage(
                        LogDamageKind.MISSING, row.leaf, f"it stood at position {row.position}"
                    )
                elif hashed != row.nodes[:HASH_BYTES]:
                    yield LogDamage(
                        LogDamageKind.CHANGED, row.leaf, f"it stands at position {row.position}"
                    )
                chain = chained(head.chain if head else NO_CHAIN, row.leaf, hashed)
                if (row.previous, row.chain) != (head.leaf if head else None, chain):
                    yield LogDamage(LogDamageKind.LEAF, row.leaf, "its dossier's chain is broken")
                head = _Head(row.version, row.leaf, chain)
            if head:
                self._heads[one] = head

    def _in_leaf(self, row: Leaf, stored: StoredRow | None) -> Iterator[LogDamage]:
        hashed = leaf_hash(stored.topic, stored.state) if stored else b""
        if row.leaf != self._tree.size:
            yield self._damage(LogDamageKind.LEAF, "it is missing in the log")
        elif stored is None:
            yield self._damage(LogDamageKind.MISSING, f"it stood at position {row.position}")
        elif stored.position != row.position and hashed == row.nodes[:HASH_BYTES]:
            detail = f"it was at {row.position} and is at {stored.position}"
            yield self._damage(LogDamageKind.RENUMBERED, detail)
        elif stored.position > row.position:
            yield self._damage(LogDamageKind.MISSING, f"it stood at position {row.position}")
        elif stored.position < row.position:
            yield self._damage(LogDamageKind.NOT_LOGGED, f"it stands at position {stored.position}")
        elif hashed != row.nodes[:HASH_BYTES]:
            yield self._damage(LogDamageKind.CHANGED, f"it stands at position {row.position}")
        else:
            yield from self._in_row(row, hashed, stored)

    def _in_row(self, row: Leaf, hashed: bytes, stored: StoredRow) -> Iterator[LogDamage]:
        """Check what the log itself says of a leaf whose event is as it was."""
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

    def _in_checkpoint(self, size: int, written: str, *, is_last: bool) -> Iterator[LogDamage]:
        self.checkpoints += 1
        try:
            note = Note.parse(written)
            self._check_signature(note)
            said = Checkpoint.parse(note.text)
        except TrackerError as error:
            yield LogDamage(LogDamageKind.UNSIGNED, size - 1, f"of {size} leaves: {error}")
            return
        if (said.size, said.root) != (size, self._tree.root()):
            yield LogDamage(
                LogDamageKind.FORKED, size - 1, f"signed for {said.size} at {said.made_at}"
            )
        elif is_last and not self._begun and (said.heads, said.heads_root) != self._heads_root():
            yield LogDamage(
                LogDamageKind.HEADS, size - 1, f"{said.heads} heads, made at {said.made_at}"
            )
        self.last_signed = written

    def _heads_root(self) -> tuple[int, bytes]:
        tree = Frontier()
        for dossier in sorted(self._heads):
            head = self._heads[dossier]
            tree.append(head_hash(dossier, head.version, head.leaf, head.chain))
        return tree.size, tree.root()

    def _damage(self, kind: LogDamageKind, detail: str) -> LogDamage:
        return LogDamage(kind, self._tree.size, detail)
