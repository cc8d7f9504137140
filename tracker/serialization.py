"""How an event becomes the bytes that are stored, sent and hashed, and an event again.

The bytes are one JSON object with every field of the event, its id and version included, so that
they stand for the event wherever they are found.
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
_NOT_FOLDED = frozenset({"by", "source", "event_id"})
_NOT_PROJECTED = _NOT_FOLDED | {
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


def _folding(kind: type[Event]) -> Callable[[bytes], Event]:
    """Return a reader of such events that makes what a fold takes for one."""
    hints = get_type_hints(kind)
    folded = [
        (one.name, hints[one.name], *(() if one.default is MISSING else (one.default,)))
        for one in fields(kind)
        if one.name not in _NOT_FOLDED
    ]
    reduced = msgspec.defstruct(
        kind.__name__, folded, namespace={"step": kind.step}, frozen=True, kw_only=True
    )
    return cast("Callable[[bytes], Event]", msgspec.json.Decoder(reduced).decode)


def _projected(kind: type[Event]) -> Callable[[bytes], Event]:
    """Return a reader of such events that makes an event without what read models never look at."""
    left_out = [(one.name, ClassVar[Any]) for one in fields(kind) if one.name in _NOT_PROJECTED]
    reduced = make_dataclass(kind.__name__, left_out, bases=(kind,), frozen=True, kw_only=True)
    return msgspec.json.Decoder(reduced).decode


_FOLDING = {topic: _folding(kind) for topic, kind in EVENTS.items()}
_PROJECTED = {topic: _projected(kind) for topic, kind in EVENTS.items()}


def encode(event: Event) -> bytes:
    """Write an event as the JSON that is stored for ever."""
    return _ENCODER.encode(event)


def decode(topic: str, state: bytes) -> Event:
    """Read an event back by its stored name. Raise `UnreadableEventError`."""
    try:
        return _DECODERS[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def decode_for_replay(topic: str, state: bytes) -> Event:
    """Read of an event what a dossier's fold looks at, which takes half as long.

    Who sent it and under which id is left out. Raise `UnreadableEventError`.
    """
    try:
        return _FOLDING[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def decode_for_projection(topic: str, state: bytes) -> Event:
    """Read of an event what read models look at, which takes half as long.

    It is an event of its kind, but who sent it, papers and what is sealed are no attributes of it.
    Raise `UnreadableEventError`.
    """
    try:
        return _PROJECTED[topic](state)
    except (KeyError, msgspec.MsgspecError) as error:
        raise _unreadable(topic, error) from error


def _unreadable(topic: str, error: Exception) -> UnreadableEventError:
    return UnreadableEventError(f"A stored event named {topic} cannot be read: {error}")


class EventMapper(Mapper[UUID]):
    """The library's mapper, with our bytes."""

    def __init__(self) -> None:
        """Need nothing: the bytes are neither compressed nor ciphered as a whole."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the event as its id, version, stored name and bytes."""
        return to_stored(cast("Event", domain_event))

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Return the event of these bytes. Raise `UnreadableEventError`."""
        return decode(stored_event.topic, stored_event.state)


def to_stored(event: Event) -> StoredEvent:
    """Return the event as its id, version, stored name and bytes."""
    return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, encode(event))
