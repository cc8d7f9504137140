"""What stands in Kafka, record by record, and what is wrong with a record by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from tracker.application.audit.verify_lifecycles import Finding, read_event
from tracker.domain.dossier.events.event import Event
from tracker.domain.transparency_log.leaves import leaf_hash


class RecordFault(StrEnum):
    """What can be wrong with a record by itself."""

    NOT_OURS = "a record that no relay wrote"
    WRONG_HASH = "bytes that are not those whose hash the record bears"
    WRONG_KEY = "a key that is not its dossier's"
    WRONG_HEADERS = "headers that contradict the bytes"


class PublishedRow(NamedTuple):
    """One record as it is. `position` is the event's in the store, `dossier_id` the record's key.

    `unreadable` says what of it cannot be read; all after it is then of no meaning.
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
    """The events' topic as far as it went when the looking began."""

    @property
    def begins(self) -> Mapping[int, int]:
        """Return the first offset that is still kept, by partition."""

    @property
    def least(self) -> int:
        """Return the position up to which every event must be there: the relay said so before."""

    @property
    def most(self) -> int:
        """Return the position after which there can be none: the relay said so afterwards."""

    def rows(self) -> Iterator[PublishedRow]:
        """Yield every record in the order of the store's positions, each partition being in it.

        Where a partition is not, its records come in the order in which they stand: one of an older
        position comes right after the record before it.
        """


@dataclass(frozen=True)
class PublishedDamage:
    """What is wrong, and where first; `row` is `None` where nothing stands in Kafka."""

    kind: StrEnum
    detail: str
    position: int = 0
    code: str = ""
    version: int = 0
    row: PublishedRow | None = None

    def __str__(self) -> str:
        """Say it in one line."""
        place = f"partition {self.row.partition}, offset {self.row.offset}: " if self.row else ""
        dossier = f", dossier {self.row.dossier_id}" if self.row and self.row.dossier_id else ""
        event = f"event {self.position} ({self.code or 'an unknown dossier'}"
        which = f"{event}, version {self.version}{dossier}): " if self.position else ""
        return f"{place}{which}{self.kind}: {self.detail}"


def at_row(found: Finding, row: PublishedRow, code: str = "") -> PublishedDamage:
    """Name the record with which something is wrong."""
    return PublishedDamage(found.kind, found.detail, row.position, code, row.version, row)


def event_of(row: PublishedRow) -> Event | PublishedDamage:
    """Return the event of a record, or what of the record alone is wrong."""
    if row.unreadable:
        return PublishedDamage(RecordFault.NOT_OURS, row.unreadable, row=row)
    event = read_event(row.topic, row.state)
    if isinstance(event, Finding):
        return at_row(event, row)
    if row.leaf_hash != leaf_hash(row.topic, row.state).hex():
        found = Finding(RecordFault.WRONG_HASH, f"it bears {row.leaf_hash[:16]}")
    elif row.dossier_id != event.originator_id.hex:
        found = Finding(RecordFault.WRONG_KEY, f"the bytes are of {event.originator_id}")
    elif row.version != event.originator_version:
        detail = f"the bytes are of version {event.originator_version}"
        found = Finding(RecordFault.WRONG_HEADERS, detail)
    elif row.event_id != event.event_id:
        found = Finding(RecordFault.WRONG_HEADERS, f"the bytes have the id {event.event_id}")
    elif not _is_time(row.recorded_at, event.recorded_at):
        found = Finding(RecordFault.WRONG_HEADERS, f"recorded at {event.recorded_at} by the bytes")
    else:
        return event
    return at_row(found, row, event.code)


def _is_time(text: str, time: datetime) -> bool:
    try:
        return datetime.fromisoformat(text) == time
    except ValueError:
        return False
