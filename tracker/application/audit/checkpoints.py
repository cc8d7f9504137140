"""Signs and publishes checkpoints of the Merkle log, and refuses to sign a forked log."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from tracker.application.audit.ports import Checkpoints, MerkleLog
from tracker.application.ports import DossierRecorder
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import (
    InvalidProofError,
    check_consistency,
    consistency_proof,
    root_of,
)
from tracker.domain.transparency_log.notes import Note

_log = logging.getLogger(__name__)

_REST = 20
"""After each checkpoint, pause for this many times its duration, so that other work continues."""


class LogForkedError(TrackerError):
    """The log does not continue the signed log. Nothing was signed; run `tracker verify`."""


class OtherOriginError(TrackerError):
    """The last checkpoint names another log. Set TRACKER_LOG_ORIGIN to its former value."""


class SilentPublisherError(TrackerError):
    """The place that publishes checkpoints does not answer. They will be published later."""


class Notary(Protocol):
    """Signs for the log."""

    def is_ready(self) -> bool:
        """Return whether there is a signing key."""

    def make_key(self) -> object:
        """Make the first key."""

    def sign(self, text: str) -> Note:
        """Return this text with a signature."""

    def check(self, note: Note) -> None:
        """Raise a `TrackerError` if the log did not sign this note."""


class Publisher(Protocol):
    """A place outside the database that keeps checkpoints."""

    @property
    def name(self) -> str:
        """The name of the place."""

    def last(self) -> Note | None:
        """Return the newest published checkpoint. Raise `SilentPublisherError`."""

    def publish(self, note: str) -> None:
        """Publish one more checkpoint. Raise `SilentPublisherError`."""


class CheckpointMaker:
    """Signs and publishes the checkpoints of one log. Only one may run for each log."""

    def __init__(
        self,
        *,
        log: MerkleLog,
        store: DossierRecorder,
        checkpoints: Checkpoints,
        notary: Notary,
        publishers: Sequence[Publisher],
        origin: str,
        now: Callable[[], datetime],
        lost_at: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        """Sign this log of this store under the name `origin`.

        `lost_at` returns the size from which the log continued after an operator accepted that a
        published note is lost. It returns `None` for all other notes.
        """
        self._leaves = log
        self._store = store
        self._checkpoints = checkpoints
        self._notary = notary
        self._publishers = publishers
        self._origin = origin
        self._now = now
        self._lost_at = lost_at

    def prepare(self) -> None:
        """Make the first key if there is neither a key nor a signed checkpoint."""
        if not self._notary.is_ready() and self._checkpoints.last() is None:
            self._notary.make_key()

    def run(
        self,
        stopping: Callable[[], bool],
        wait: Callable[[float], object],
        *,
        seconds: float,
        events: int,
    ) -> None:
        """Make a checkpoint after `seconds` or `events` new events, until `stopping()` is true.

        After each checkpoint it pauses in proportion to its duration, so a large log gets fewer
        checkpoints. Raise `LogForkedError` or `OtherOriginError` if the log cannot be signed.
        """
        self.prepare()
        due_at, rests_until, signed = self._now(), self._now(), 0
        while not stopping():
            began = self._now()
            if began >= rests_until and (began >= due_at or self._leaves.size() >= signed + events):
                made = self.make()
                signed = made.size if made else signed
                due_at = began + timedelta(seconds=seconds)
                rests_until = self._now() + _REST * (self._now() - began)
            wait(1.0)

    def make(self) -> Checkpoint | None:
        """Sign the current log and publish the checkpoint. Return `None` if nothing is new.

        Raise `LogForkedError` if the log does not continue every signed and published checkpoint,
        or if it contradicts the store.
        """
        size = self._leaves.size()
        root = root_of(size, self._leaves.fetch)
        last = self._checkpoints.last()
        known = [self._read(note) for note in ([last] if last else []) + self._published()]
        if any(size < checkpoint.size for checkpoint in known) and self._is_behind():
            return None
        for checkpoint in known:
            self._check_continues(checkpoint, size, root)
        if size == 0 or (last and known[0].size == size):
            self.publish()
            return None
        self._check_store_holds(size - 1)
        heads, heads_root = self._leaves.make_heads(size)
        made = Checkpoint(
            origin=self._origin,
            size=size,
            root=root,
            heads=heads,
            heads_root=heads_root,
            made_at=self._now().replace(microsecond=0),
        )
        self._checkpoints.add(size, self._notary.sign(made.text))
        self._leaves.drop_heads([size, *(checkpoint.size for checkpoint in known[:1])])
        self.publish()
        return made

    def publish(self) -> None:
        """Publish every checkpoint that a place lacks; skip a place that does not answer."""
        for place in self._publishers:
            try:
                published = place.last()
                for _, note in self._checkpoints.after(self._size_of(published)):
                    place.publish(note)
            except SilentPublisherError as error:
                _log.warning("a checkpoint could not be published: %s", error)

    def _published(self) -> list[Note]:
        published: list[Note] = []
        for place in self._publishers:
            try:
                note = place.last()
            except SilentPublisherError as error:
                _log.warning("the last published checkpoint could not be read: %s", error)
            else:
                published += [note] if note and self._lost_at(str(note)) is None else []
        return published

    def _size_of(self, published: Note | None) -> int:
        """Return the size of the newest checkpoint that is already published."""
        if published is None:
            return 0
        kept = self._lost_at(str(published))
        return self._read(published).size if kept is None else kept

    def _is_behind(self) -> bool:
        """Return whether the store has events that the log does not have yet."""
        return self._leaves.position() < (self._store.max_notification_id() or 0)

    def _read(self, note: Note) -> Checkpoint:
        self._notary.check(note)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != self._origin:
            raise OtherOriginError
        return checkpoint

    def _check_continues(self, signed: Checkpoint, size: int, root: bytes) -> None:
        if size < signed.size:
            message = f"The log has {size} leaves, and {signed.size} were signed."
            raise LogForkedError(message)
        try:
            proof = consistency_proof(signed.size, size, self._leaves.fetch)
            check_consistency(signed.size, size, signed.root, root, proof)
        except InvalidProofError as error:
            message = f"The log's first {signed.size} leaves are not those that were signed."
            raise LogForkedError(message) from error
        self._check_store_holds(signed.size - 1)

    def _check_store_holds(self, number: int) -> None:
        """Raise `LogForkedError` if the store no longer has the event of this leaf."""
        leaf = self._leaves.leaf(number)
        position = leaf.position if leaf else 0
        stored = self._store.select_notifications(position, 1)
        if (
            leaf is None
            or not stored
            or stored[0].id != position
            or leaf_hash(stored[0].topic, stored[0].state) != leaf.node(0)
        ):
            message = f"The event of leaf {number}, position {position}, is not in the store as it"
            message += " was logged: an old backup was restored, or the event was changed."
            raise LogForkedError(message)
