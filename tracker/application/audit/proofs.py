"""Proofs for people: one dossier's whole history under a signed checkpoint, checkable anywhere.

A proof is plain data, ready for JSON; `tracker/verifier/verify_proof.py` says how it is read.
What is sealed in an event stays sealed. Hashes are in base64.
"""

from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from tracker.application.ports import AccessLog, DossierRecorder
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.errors import InvalidInputError, UnknownError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.merkle import (
    Node,
    OutsideTreeError,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from tracker.domain.transparency_log.notes import Note

FORMAT = "tracker-proof/1"


class NoCheckpointError(UnknownError):
    """Nothing of the log is signed yet. Ask again in a minute."""


class NotInLogError(InvalidInputError):
    """The log has no such leaf, or never had this size."""


class Leaf(Protocol):
    """A leaf of the log."""

    @property
    def leaf(self) -> int:
        """Its number."""

    @property
    def previous(self) -> int | None:
        """The leaf of its dossier before it."""

    def node(self, level: int) -> bytes:
        """Return the hash of the complete node of this level that ends here."""


class Head(Protocol):
    """A dossier in the tree of heads."""

    @property
    def dossier_id(self) -> UUID:
        """Whose head it is."""

    @property
    def number(self) -> int:
        """Its place among the heads."""

    @property
    def version(self) -> int:
        """How many events its dossier has."""

    @property
    def leaf(self) -> int:
        """The last of its dossier's leaves."""

    @property
    def chain(self) -> bytes:
        """Its dossier's chain there."""


class Log(Protocol):
    """The log, and the trees of heads of the last checkpoints."""

    def size(self) -> int:
        """Return the number of leaves."""

    def position(self) -> int:
        """Return the position in the store of the newest event in the log."""

    def leaf(self, number: int) -> Leaf | None:
        """Return a leaf."""

    def leaves_of(self, dossier_id: UUID, size: int) -> Sequence[Leaf]:
        """Return a dossier's leaves in the log of this size, oldest first."""

    def fetch(self, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of the log's tree."""

    def heads_around(self, dossier_id: UUID, size: int) -> Sequence[Head]:
        """Return the dossier's head, or those of the two dossiers between which it is missing."""

    def fetch_heads(self, size: int, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of the tree of heads of this size."""


class Checkpoints(Protocol):
    """The checkpoints that were signed."""

    def last(self) -> Note | None:
        """Return the newest."""


@dataclass(frozen=True)
class Inclusion:
    """That a leaf is in the log of a size."""

    leaf: int
    size: int
    hashed: bytes
    root: bytes
    path: Sequence[bytes]


@dataclass(frozen=True)
class Lag:
    """How many stored events no checkpoint vouches for yet, and how old the newest one is.

    `age_seconds` is `None` where nothing was ever signed.
    """

    events: int
    age_seconds: float | None


class Prover:
    """Proves out of the log; whoever asks for a dossier's proof is noted."""

    def __init__(
        self,
        *,
        store: DossierRecorder,
        log: Log,
        checkpoints: Checkpoints,
        reads: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Prove what is in this store by this log."""
        self._store = store
        self._log = log
        self._checkpoints = checkpoints
        self._reads = reads
        self._now = now

    def lag(self) -> Lag:
        """Return how far the signed log is behind the store; it never says too little."""
        note = self._checkpoints.last()
        signed = Checkpoint.parse(note.text) if note else None
        unsigned = self._log.size() - (signed.size if signed else 0)
        behind = max(0, (self._store.max_notification_id() or 0) - self._log.position())
        age = (self._now() - signed.made_at).total_seconds() if signed else None
        return Lag(unsigned + behind, None if age is None else max(0.0, age))

    def checkpoint(self) -> Note:
        """Return the newest checkpoint. Raise `NoCheckpointError`."""
        note = self._checkpoints.last()
        if note is None:
            raise NoCheckpointError
        return note

    def prove_to(self, actor: Actor, code: str, *, since: int | None = None) -> dict[str, Any]:
        """Prove a dossier to somebody signed in, whose look is recorded. Raise `NotAllowedError`.

        `since` and errors are as with `prove`.
        """
        require(actor, Read.PROOF)
        self._reads.record(dossier_id(code), actor, Read.PROOF.value, self._now())
        return self.prove(code, since=since)

    def prove(self, code: str, *, since: int | None = None) -> dict[str, Any]:
        """Prove all that happened to a dossier up to the newest checkpoint, or that nothing did.

        `since` is the size of an older checkpoint that somebody kept: the proof then shows that
        the newest continues it. Raise `NoCheckpointError`, `NotInLogError`.
        """
        note = self.checkpoint()
        signed = Checkpoint.parse(note.text)
        dossier, size = dossier_id(code), signed.size
        leaves = self._log.leaves_of(dossier, size)
        stored = self._store.select_events(dossier, lte=len(leaves)) if leaves else ()
        return {
            "format": FORMAT,
            "code": code,
            "dossier_id": dossier.hex,
            "checkpoint": str(note),
            "events": [
                {
                    "topic": event.topic,
                    "state": event.state.decode(),
                    "leaf": leaf.leaf,
                    "previous": leaf.previous,
                    "path": _texts(inclusion_proof(leaf.leaf, size, self._log.fetch)),
                }
                for leaf, event in zip(leaves, stored, strict=True)
            ],
            "heads": [self._head(head, signed) for head in self._log.heads_around(dossier, size)],
            "since": None if since is None else self._since(since, size),
        }

    def inclusion(self, leaf: int, size: int | None) -> Inclusion:
        """Prove that a leaf is in the log of a size, by default of the newest checkpoint's.

        Raise `NotInLogError`, `NoCheckpointError`.
        """
        upto = Checkpoint.parse(self.checkpoint().text).size if size is None else size
        self._check_size(upto)
        try:
            path = inclusion_proof(leaf, upto, self._log.fetch)
        except OutsideTreeError:
            raise NotInLogError from None
        row = self._log.leaf(leaf)
        if row is None:
            raise NotInLogError
        return Inclusion(leaf, upto, row.node(0), root_of(upto, self._log.fetch), path)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Prove that the log of the second size continues that of the first.

        Raise `NotInLogError`.
        """
        self._check_size(second)
        try:
            return consistency_proof(first, second, self._log.fetch)
        except OutsideTreeError:
            raise NotInLogError from None

    def _check_size(self, size: int) -> None:
        if size > self._log.size():
            raise NotInLogError

    def _since(self, first: int, second: int) -> dict[str, Any]:
        return {"size": first, "path": _texts(self.consistency(first, second))}

    def _head(self, head: Head, signed: Checkpoint) -> dict[str, Any]:
        fetch = partial(self._log.fetch_heads, signed.size)
        return {
            "dossier_id": head.dossier_id.hex,
            "version": head.version,
            "leaf": head.leaf,
            "chain": _text(head.chain),
            "number": head.number,
            "path": _texts(inclusion_proof(head.number, signed.heads, fetch)),
        }


def _text(value: bytes) -> str:
    return b64encode(value).decode()


def _texts(values: Sequence[bytes]) -> list[str]:
    return [_text(value) for value in values]
