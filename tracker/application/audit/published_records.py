"""The records of the events' topic in Kafka, and the faults of a single record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from tracker.application.audit.verify_lifecycles import Finding, read_event
from tracker.domain.dossier.events.event import Event
from tracker.domain.transparency_log.leaves import leaf_hash


class RecordFault(StrEnum):
    """A fault that one record shows without the other records."""

    NOT_OURS = "a record that no relay wrote"
    WRONG_HASH = "bytes that do not match the hash in the record"
    WRONG_KEY = "a key that is not its dossier's"
    WRONG_HEADERS = "headers that contradict the bytes"


class PublishedRow(NamedTuple):
    """One record as Kafka has it. `position` is the event's position in the store.

    `dossier_id` is the key of the record. If `unreadable` is not empty, it says what cannot be
    read, and the fields after it have no meaning.
    """

    partition: int
    offset: int
    position: int
    unreadable: str = ""
    dossier_id: str = ""
    version: int = 0
    topic: str = ""
    state: bytes = b""
    event_id: str = ""
    recorded_at: str = ""
    leaf_hash: str = ""


class Published(Protocol):
    """The events' topic, up to its end when the check began."""

    @property
    def begins(self) -> Mapping[int, int]:
        """The first offset that Kafka still keeps, by partition."""

    @property
    def least(self) -> int:
        """The relay's position before the check: every event up to it must be in Kafka."""

    @property
    def most(self) -> int:
        """The relay's position after the topic's end was read: no later event can be in Kafka."""

    def rows(self) -> Iterator[PublishedRow]:
        """Yield every record, merged from all partitions in the order of the store's positions.

        If a partition is not in this order, its records keep the order of their offsets: a record
        of an older position comes directly after the record before it.
        """


@dataclass(frozen=True)
class PublishedDamage:
    """A fault and its place. `row` is `None` if Kafka has no record at this place."""

    kind: StrEnum
    detail: str
    position: int = 0
    code: str = ""
    version: int = 0
    row: PublishedRow | None = None

    def __str__(self) -> str:
        """Return one line for an operator."""
        place = f"partition {self.row.partition}, offset {self.row.offset}: " if self.row else ""
        dossier = f", dossier {self.row.dossier_id}" if self.row and self.row.dossier_id else ""
        event = f"event {self.position} ({self.code or 'an unknown dossier'}"
        which = f"{event}, version {self.version}{dossier}): " if self.position else ""
        return f"{place}{which}{self.kind}: {self.detail}"


def at_row(finding: Finding, row: PublishedRow, code: str = "") -> PublishedDamage:
    """Return the damage for this finding at this record."""
    return PublishedDamage(finding.kind, finding.detail, row.position, code, row.version, row)


def event_of(row: PublishedRow) -> Event | PublishedDamage:
    """Return the event of a record, or the fault of the record."""
    if row.unreadable:
        return PublishedDamage(RecordFault.NOT_OURS, row.unreadable, row=row)
    event = read_event(row.topic, row.state)
    if isinstance(event, Finding):
        return at_row(event, row)
    if row.leaf_hash != leaf_hash(row.topic, row.state).hex():
        finding = Finding(RecordFault.WRONG_HASH, f"its hash is {row.leaf_hash[:16]}")
    elif row.dossier_id != event.originator_id.hex:
        finding = Finding(RecordFault.WRONG_KEY, f"the bytes are of {event.originator_id}")
    elif row.version != event.originator_version:
        detail = f"the bytes are of version {event.originator_version}"
        finding = Finding(RecordFault.WRONG_HEADERS, detail)
    elif row.event_id != event.event_id:
        finding = Finding(RecordFault.WRONG_HEADERS, f"the bytes have the id {event.event_id}")
    elif not _is_time(row.recorded_at, event.recorded_at):
        finding = Finding(
            RecordFault.WRONG_HEADERS, f"recorded at {event.recorded_at} by the bytes"
        )
    else:
        return event
    return at_row(finding, row, event.code)


def _is_time(text: str, time: datetime) -> bool:
    try:
        return datetime.fromisoformat(text) == time
    except ValueError:
        return False
