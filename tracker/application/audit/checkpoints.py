"""Makes the log's checkpoints: checks before it signs, and stops rather than vouch for a fork."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from tracker.application.ports import DossierRecorder
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.leaves import leaf_hash
from tracker.domain.transparency_log.merkle import (
    InvalidProofError,
    Node,
    check_consistency,
    consistency_proof,
    root_of,
)
from tracker.domain.transparency_log.notes import Note

_log = logging.getLogger(__name__)

_REST = 20
"""After making one, rest so many times as long as it took, lest nothing else got done."""


class LogForkedError(TrackerError):
    """The log is not a continuation of what was signed. Nothing was signed; `tracker verify`."""


class OtherOriginError(TrackerError):
    """The last checkpoint is of a log of another name; TRACKER_LOG_ORIGIN must stay as it was."""


class SilentPublisherError(TrackerError):
    """Where checkpoints are published nobody answers; they will follow."""


class Leaf(Protocol):
    """A leaf of the log."""

    @property
    def position(self) -> int:
        """Where its event stands in the store."""

    def node(self, level: int) -> bytes:
        """Return the hash of the complete node of this level that ends here."""


class Log(Protocol):
    """The log as it is read to vouch for it."""

    def size(self) -> int:
        """Return the number of leaves."""

    def position(self) -> int:
        """Return the position in the store of the newest event in the log."""

    def leaf(self, number: int) -> Leaf | None:
        """Return a leaf."""

    def fetch(self, nodes: Collection[Node]) -> Mapping[Node, bytes]:
        """Return complete nodes of the log's tree."""

    def make_heads(self, size: int) -> tuple[int, bytes]:
        """Make the tree of heads of the log of this size; give the number of heads and the root."""

    def drop_heads(self, keep: Collection[int]) -> None:
        """Drop the trees of heads of all other sizes."""


class Checkpoints(Protocol):
    """Every checkpoint that was signed."""

    def add(self, size: int, note: Note) -> None:
        """Keep one more. Raise a `ConflictError` where there is one of this size."""

    def last(self) -> Note | None:
        """Return the newest."""

    def after(self, size: int) -> Iterator[tuple[int, str]]:
        """Return every larger one with its size, as it is written, the smallest first."""


class Notary(Protocol):
    """Signs in the name of the log."""

    def is_ready(self) -> bool:
        """Return whether there is a key to sign with."""

    def make_key(self) -> object:
        """Make the first key."""

    def sign(self, text: str) -> Note:
        """Sign a text."""

    def check(self, note: Note) -> None:
        """Raise where the log did not sign this."""


class Publisher(Protocol):
    """A place outside the database where checkpoints are kept."""

    @property
    def name(self) -> str:
        """Name the place."""

    def last(self) -> Note | None:
        """Return the newest that is there. Raise `SilentPublisherError`."""

    def publish(self, note: str) -> None:
        """Put one more there. Raise `SilentPublisherError`."""


class CheckpointMaker:
    """The one signer of a log."""

    def __init__(
        self,
        *,
        log: Log,
        store: DossierRecorder,
        checkpoints: Checkpoints,
        notary: Notary,
        publishers: Sequence[Publisher],
        origin: str,
        now: Callable[[], datetime],
        lost_at: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        """Sign this log, made of this store, under the name `origin`.

        `lost_at` gives the size at which the log went on after a published note was accepted as
        lost, `None` where it was not.
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
        """Make the first key where nothing was ever signed; without a key nothing can be made."""
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
        """Make one every so many seconds or events, whichever is first, until told to stop.

        It does not sign while the last one took long: large logs get fewer. Raise whatever keeps
        it from vouching for the log.
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
        """Sign the log as it is now and publish it; `None` where nothing is new.

        Raise `LogForkedError` where it does not continue what was signed, here or where it was
        published, or is not what the store holds.
        """
        size = self._leaves.size()
        root = root_of(size, self._leaves.fetch)
        last = self._checkpoints.last()
        known = [self._read(note) for note in ([last] if last else []) + self._published()]
        if any(size < one.size for one in known) and self._is_behind():
            return None
        for one in known:
            self._check_continues(one, size, root)
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
        self._leaves.drop_heads([size, *(one.size for one in known[:1])])
        self.publish()
        return made

    def publish(self) -> None:
        """Publish every checkpoint that is not yet where it should be; who is silent, later."""
        for place in self._publishers:
            try:
                there = place.last()
                for _, note in self._checkpoints.after(self._size_of(there)):
                    place.publish(note)
            except SilentPublisherError as error:
                _log.warning("a checkpoint could not be published: %s", error)

    def _published(self) -> list[Note]:
        found: list[Note] = []
        for place in self._publishers:
            try:
                note = place.last()
            except SilentPublisherError as error:
                _log.warning("the last checkpoint could not be looked up: %s", error)
            else:
                found += [note] if note and self._lost_at(str(note)) is None else []
        return found

    def _size_of(self, published: Note | None) -> int:
        """Return the size up to which checkpoints are published already."""
        if published is None:
            return 0
        kept = self._lost_at(str(published))
        return self._read(published).size if kept is None else kept

    def _is_behind(self) -> bool:
        """Return whether the log is still being made: events are stored that it has not taken yet."""
        return self._leaves.position() < (self._store.max_notification_id() or 0)

    def _read(self, note: Note) -> Checkpoint:
        self._notary.check(note)
        read = Checkpoint.parse(note.text)
        if read.origin != self._origin:
            raise OtherOriginError
        return read

    def _check_continues(self, before: Checkpoint, size: int, root: bytes) -> None:
        if size < before.size:
            message = f"The log has {size} leaves, and {before.size} were signed."
            raise LogForkedError(message)
        try:
            proof = consistency_proof(before.size, size, self._leaves.fetch)
            check_consistency(before.size, size, before.root, root, proof)
        except InvalidProofError as error:
            message = f"The log's first {before.size} leaves are not those that were signed."
            raise LogForkedError(message) from error
        self._check_store_holds(before.size - 1)

    def _check_store_holds(self, number: int) -> None:
        """Look whether the store still has the event of a leaf: an old copy may be in its place."""
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
            message += " was logged: an old copy was put back, or it was changed."
            raise LogForkedError(message)
