"""Makes proofs: the whole history of one dossier under a signed checkpoint.

A proof is plain data, ready for JSON. `tracker/verifier/verify_proof.py` checks it without this
service. Sealed fields stay sealed. Hashes are base64 text.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from tracker.application.audit.ports import Checkpoints, Head, MerkleLog
from tracker.application.ports import AccessLog, DossierRecorder
from tracker.domain.dossier.actors import Actor, Read, require
from tracker.domain.dossier.codes import dossier_id
from tracker.domain.errors import InvalidInputError, UnknownError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.merkle import (
    OutsideTreeError,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from tracker.domain.transparency_log.notes import Note

FORMAT = "tracker-proof/1"


class NoCheckpointError(UnknownError):
    """Nothing of the log is signed yet. Try again in a minute."""


class NotInLogError(InvalidInputError):
    """The log has no such leaf, or never had this size."""


@dataclass(frozen=True)
class Inclusion:
    """A proof that a leaf is in the log of a size; `path` has the sibling hashes."""

    leaf: int
    size: int
    hashed: bytes
    root: bytes
    path: Sequence[bytes]


@dataclass(frozen=True)
class Lag:
    """The number of stored events that no checkpoint covers, and the age of the newest checkpoint.

    `age_seconds` is `None` if nothing is signed yet.
    """

    events: int
    age_seconds: float | None


class Prover:
    """Makes proofs from the log, and records who asks for the proof of a dossier."""

    def __init__(
        self,
        *,
        store: DossierRecorder,
        log: MerkleLog,
        checkpoints: Checkpoints,
        access_log: AccessLog,
        now: Callable[[], datetime],
    ) -> None:
        """Prove the events of this store with this log."""
        self._store = store
        self._log = log
        self._checkpoints = checkpoints
        self._access_log = access_log
        self._now = now

    def lag(self) -> Lag:
        """Return how far the signed log is behind the store; it may be more than the true lag."""
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
        """Return the proof of a dossier, and record that this actor read it.

        Raise `NotAllowedError`, and the errors of `prove`.
        """
        require(actor, Read.PROOF)
        self._access_log.record(dossier_id(code), actor, Read.PROOF.value, self._now())
        return self.prove(code, since=since)

    def prove(self, code: str, *, since: int | None = None) -> dict[str, Any]:
        """Return the proof of a dossier's history, or of its absence, under the newest checkpoint.

        `since` is the size of an older checkpoint: the proof then also shows that the newest
        checkpoint continues it. Raise `NoCheckpointError`, `NotInLogError`.
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
        """Prove that a leaf is in the log of this size, by default that of the newest checkpoint.

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
        """Prove that the log of the second size continues the log of the first size.

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
