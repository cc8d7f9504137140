"""How an event becomes the bytes that are stored, sent and hashed, and an event again.

The bytes are one JSON object with every field of the event, its id and version included, so that
they stand for the event wherever they are found.
"""

from collections.abc import Callable
from typing import cast
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

from tracker.domain.errors import TrackerError
from tracker.domain.events import EVENTS, Event


class UnreadableEventError(TrackerError):
    """A stored event cannot be read: its name is unknown or its bytes are damaged."""


_ENCODER = msgspec.json.Encoder()
_DECODERS: dict[str, Callable[[bytes], Event]] = {
    topic: msgspec.json.Decoder(kind).decode for topic, kind in EVENTS.items()
}


def to_bytes(event: Event) -> bytes:
    """Write an event as the JSON that is stored for ever."""
    return _ENCODER.encode(event)


def from_bytes(topic: str, state: bytes) -> Event:
    """Read an event back by its stored name. Raises `UnreadableEventError`."""
    try:
        return _DECODERS[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        message = f"A stored event named {topic} cannot be read: {error}"
        raise UnreadableEventError(message) from error


class EventMapper(Mapper[UUID]):
    """The library's mapper, with our bytes."""

    def __init__(self) -> None:
        """Need nothing: the bytes are neither compressed nor ciphered as a whole."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Give the event as its id, version, stored name and bytes."""
        return to_stored(cast("Event", domain_event))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Give the event of these bytes. Raises `UnreadableEventError`."""
        return from_bytes(stored_event.topic, stored_event.state)


def to_stored(event: Event) -> StoredEvent:
    """Give the event as its id, version, stored name and bytes."""
    return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, to_bytes(event))
