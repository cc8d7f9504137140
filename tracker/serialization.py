"""Encode events as the bytes that are stored, sent and hashed, and decode them.

The bytes are one JSON object with every field of the event, including its id and version. So the
bytes alone are enough to read the event anywhere.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, make_dataclass
from typing import Any, ClassVar, cast, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent

from tracker.domain.dossier.events.event import Event
from tracker.domain.dossier.events.registry import EVENTS
from tracker.domain.errors import TrackerError


class UnreadableEventError(TrackerError):
    """A stored event cannot be read: its name is unknown or its bytes are damaged."""


_ENCODER = msgspec.json.Encoder()
_DECODERS: dict[str, Callable[[bytes], Event]] = {
    topic: msgspec.json.Decoder(kind).decode for topic, kind in EVENTS.items()
}
_UNUSED_IN_REPLAY = frozenset({"by", "source", "event_id"})
_UNUSED_IN_PROJECTIONS = _UNUSED_IN_REPLAY | {
    "applicant",
    "contact",
    "papers",
    "raw",
    "reason",
    "sealed",
    "text",
    "way_of_return",
    "whereabouts",
}


def _replay_decoder(kind: type[Event]) -> Callable[[bytes], Event]:
    """Return a decoder of this event class that keeps only the fields that a replay reads."""
    hints = get_type_hints(kind)
    kept = [
        (field.name, hints[field.name], *(() if field.default is MISSING else (field.default,)))
        for field in fields(kind)
        if field.name not in _UNUSED_IN_REPLAY
    ]
    reduced = msgspec.defstruct(
        kind.__name__, kept, namespace={"step": kind.step}, frozen=True, kw_only=True
    )
    return cast("Callable[[bytes], Event]", msgspec.json.Decoder(reduced).decode)


def _projection_decoder(kind: type[Event]) -> Callable[[bytes], Event]:
    """Return a decoder of this event class that leaves out the fields no read model reads."""
    left_out = [
        (field.name, ClassVar[Any])
        for field in fields(kind)
        if field.name in _UNUSED_IN_PROJECTIONS
    ]
    reduced = make_dataclass(kind.__name__, left_out, bases=(kind,), frozen=True, kw_only=True)
    return msgspec.json.Decoder(reduced).decode


_REPLAY_DECODERS = {topic: _replay_decoder(kind) for topic, kind in EVENTS.items()}
_PROJECTION_DECODERS = {topic: _projection_decoder(kind) for topic, kind in EVENTS.items()}


def encode(event: Event) -> bytes:
    """Return an event as the JSON bytes that are stored for ever."""
    return _ENCODER.encode(event)


def decode(topic: str, state: bytes) -> Event:
    """Return the event of a stored name and bytes. Raise `UnreadableEventError`."""
    try:
        return _DECODERS[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def decode_for_replay(topic: str, state: bytes) -> Event:
    """Return an event with the fields that a replay of a dossier reads, in half the time.

    The actor, the source and the event id are left out. Raise `UnreadableEventError`.
    """
    try:
        return _REPLAY_DECODERS[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def decode_for_projection(topic: str, state: bytes) -> Event:
    """Return an event with the fields that read models read, in half the time.

    It is an instance of its event class, but it has no actor, no papers and no sealed fields. Raise
    `UnreadableEventError`.
    """
    try:
        return _PROJECTION_DECODERS[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def _unreadable(topic: str, error: Exception) -> UnreadableEventError:
    return UnreadableEventError(f"A stored event named {topic} cannot be read: {error}")


class EventMapper(Mapper[UUID]):
    """The event library's mapper, with the bytes of this module."""

    def __init__(self) -> None:
        """Take no arguments: the bytes are neither compressed nor encrypted as a whole."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the event as id, version, stored name and bytes."""
        return to_stored(cast("Event", domain_event))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Return the event of these bytes. Raise `UnreadableEventError`."""
        return decode(stored_event.topic, stored_event.state)


def to_stored(event: Event) -> StoredEvent:
    """Return the event as id, version, stored name and bytes."""
    return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, encode(event))
