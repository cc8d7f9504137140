"""Checks the events in Kafka without the event store.

It checks every record against its hash, key and headers, every dossier against the lifecycle rules
of the domain, and all events in the order of the store against the signed roots. It needs a few
hundred bytes of memory for each dossier and none for each event: each partition is in the order of
the store, so the partitions are merged while they are read. A second pass compares the records of
older positions with the first records of these positions: an equal record is a repeat.

A checkpoint covers the bytes of the events and their order. It does not cover the positions in the
store or the events after the last checkpoint. The tree of heads is not checked here. A check of
Kafka against the store finds more.
"""

import hashlib
from collections.abc import Callable, Iterator
from enum import StrEnum

from tracker.application.audit.published_records import (
    Published,
    PublishedDamage,
    PublishedRow,
    at_row,
    event_of,
)
from tracker.application.audit.repeats import Repeats, Suspects
from tracker.application.audit.verify_lifecycles import Finding, LifecycleJudge
from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.checkpoint import Checkpoint
from tracker.domain.transparency_log.merkle import Frontier
from tracker.domain.transparency_log.notes import Note

_ROWS_A_STEP = 1000


class KafkaDamageKind(StrEnum):
    """A fault of the topic as a whole, not of one record or event."""

    BEGINNING_LOST = "the oldest records are gone"
    END_LOST = "the end is missing"
    NOT_PUBLISHED = "an event after the last that the relay published"
    STRAYED = "an event in another partition than the earlier events of its dossier"
    UNSIGNED = "a checkpoint that none of the log's keys signed"
    SHRUNK = "a checkpoint that is smaller than the one before it, or another of the same size"
    FORKED = "an event that was changed, added or removed after it was signed"
    CUT = "a checkpoint of more events than Kafka holds"


class KafkaVerifier:
    """Reads the events' topic from its first record to its end when the check begins."""

    def __init__(
        self,
        published: Published,
        signed: Iterator[str],
        check_signature: Callable[[Note], None],
    ) -> None:
        """Check this topic against these checkpoints, in the order of their publication.

        Read `signed` before `published`: otherwise a checkpoint may cover later events.
        `check_signature` raises a `TrackerError` if the log did not sign a note.
        """
        self._published = published
        self._signed = signed
        self._check_signature = check_signature
        self._lives = LifecycleJudge()
        self._partitions: dict[str, int] = {}
        self._tree = Frontier()
        self._newest = 0
        self._vouched = Checkpointed()
        self._suspects = Suspects()
        self._seen_checkpoints: set[bytes] = set()
        self.repeats = Repeats()
        self.checkpoints = 0
        self.repeated_checkpoints = 0

    @property
    def events(self) -> int:
        """The number of events read so far."""
        return self._tree.size

    @property
    def dossiers(self) -> int:
        """The number of dossiers seen so far."""
        return len(self._lives)

    @property
    def root(self) -> bytes:
        """The root over the events read so far."""
        return self._tree.root()

    @property
    def unsigned(self) -> int:
        """The number of events after the last checkpoint."""
        return self._tree.size - self._vouched.size

    def first_damage(self, step: Callable[[int], None] = lambda _: None) -> PublishedDamage | None:
        """Return the first damage or `None`. `step` gets the number of records just read."""
        return next(self._damages(step), None)

    def _damages(self, step: Callable[[int], None]) -> Iterator[PublishedDamage]:
        for partition, begin in self._published.begins.items():
            if begin:
                detail = f"partition {partition} begins at offset {begin}"
                yield PublishedDamage(KafkaDamageKind.BEGINNING_LOST, detail)
        signed = self._next_signed()
        for number, row in enumerate(self._published.rows(), 1):
            yield from self._in_row(row)
            if self._suspects.is_full:
                yield from self._suspects.settle(self._published.rows())
            while isinstance(signed, Checkpoint) and signed.size <= self._tree.size:
                yield from self._in_checkpoint(signed)
                signed = self._next_signed()
            if isinstance(signed, PublishedDamage):
                yield signed
            if not number % _ROWS_A_STEP:
                step(_ROWS_A_STEP)
        yield from self._suspects.settle(self._published.rows())
        yield from self._at_end(signed)

    def _in_row(self, row: PublishedRow) -> Iterator[PublishedDamage]:
        event = event_of(row)
        if isinstance(event, PublishedDamage):
            yield event
            return
        home = self._partitions.setdefault(row.dossier_id, row.partition)
        if home != row.partition:
            yield at_row(
                Finding(KafkaDamageKind.STRAYED, f"the earlier events are in {home}"),
                row,
                event.code,
            )
        if row.position <= self._newest:
            self.repeats.add(row)
            self._suspects.add(row, event.code)
            return
        if row.position > self._published.most:
            detail = f"the last is {self._published.most}"
            yield at_row(Finding(KafkaDamageKind.NOT_PUBLISHED, detail), row, event.code)
        for finding in self._lives.judge(row.dossier_id, event, row.position):
            yield at_row(finding, row, event.code)
        if row.position > self._newest + 1:
            self._vouched.note_gap(self._newest + 1)
        self._newest = row.position
        self._tree.append(bytes.fromhex(row.leaf_hash))

    def _next_signed(self) -> Checkpoint | PublishedDamage | None:
        text = next(self._signed, None)
        while text is not None and self._is_repeated(text):
            self.repeated_checkpoints += 1
            text = next(self._signed, None)
        if text is None:
            return None
        self.checkpoints += 1
        try:
            note = Note.parse(text)
            self._check_signature(note)
            return Checkpoint.parse(note.text)
        except TrackerError as error:
            detail = f"number {self.checkpoints} in its topic: {error}"
            return PublishedDamage(KafkaDamageKind.UNSIGNED, detail)

    def _is_repeated(self, text: str) -> bool:
        digest = hashlib.sha256(text.encode()).digest()
        is_repeated = digest in self._seen_checkpoints
        self._seen_checkpoints.add(digest)
        return is_repeated

    def _in_checkpoint(self, checkpoint: Checkpoint) -> Iterator[PublishedDamage]:
        if checkpoint.size < self._tree.size:
            if (checkpoint.size, checkpoint.root) != (self._vouched.size, self._vouched.root):
                detail = f"of {checkpoint.size} events, made at {checkpoint.made_at}"
                yield PublishedDamage(KafkaDamageKind.SHRUNK, detail)
        elif checkpoint.root != self._tree.root():
            where = f"it is among events {self._vouched.newest + 1} to {self._newest}"
            detail = f"{where}{self._vouched.hint}, signed at {checkpoint.made_at}"
            yield PublishedDamage(KafkaDamageKind.FORKED, detail)
        else:
            self._vouched = Checkpointed(checkpoint.size, checkpoint.root, self._newest)

    def _at_end(self, signed: Checkpoint | PublishedDamage | None) -> Iterator[PublishedDamage]:
        if isinstance(signed, PublishedDamage):
            yield signed
        if self._newest < self._published.least:
            detail = f"the relay published up to event {self._published.least}"
            yield PublishedDamage(
                KafkaDamageKind.END_LOST, f"{detail}, and the last is {self._newest}"
            )
        if isinstance(signed, Checkpoint):
            detail = (
                f"{signed.size} were signed at {signed.made_at}, Kafka holds {self._tree.size}, the"
                f" last is event {self._newest}: they were lost, or the relay is behind"
            )
            yield PublishedDamage(KafkaDamageKind.CUT, detail)


class Checkpointed:
    """The last checkpoint that matched, and the first gap after it."""

    def __init__(self, size: int = 0, root: bytes = b"", newest: int = 0) -> None:
        """Keep its size, its root and the position of its last event."""
        self.size = size
        self.root = root
        self.newest = newest
        self._gap = 0

    def note_gap(self, position: int) -> None:
        """Keep the first position that no event has. A store may skip positions."""
        self._gap = self._gap or position

    @property
    def hint(self) -> str:
        """The first position that no event has, as text for a message; empty if there is none."""
        return f" (no event is at {self._gap})" if self._gap else ""
