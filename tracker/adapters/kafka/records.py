"""How an event stands in Kafka: the stored bytes as they are, and headers that tell what they are.

The key is the dossier's id in 32 hexadecimal digits. Every header is text:

    event_id            the sender's own id of what it sent
    topic               the event's stored name
    originator_version  the event's number within its dossier, from 1
    notification_id     its place in the order of the event store
    recorded_at         when we heard of it, as the event itself has it
    leaf_hash           its leaf of the Merkle log (RFC 6962) in hexadecimal digits

A topic that was written anew ends, in each partition, with a record without a key whose one header
`continues_in` names the next topic. That topic holds every event from the first one on.
"""

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification

from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.leaves import leaf_hash


class UnreadableRecordError(TrackerError):
    """A record of the events' topic is not as the relay writes it."""


class Outgoing(msgspec.Struct, frozen=True):
    """A record to be sent; its key chooses the partition unless one is given."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None = None


class _Stamp(msgspec.Struct):
    event_id: str
    recorded_at: str


_CONTINUES = "continues_in"
_STAMP = msgspec.json.Decoder(_Stamp)


def outgoing(topic: str, event: Notification) -> Outgoing:
    """Return the record of a stored event. Raises msgspec's errors where it is no JSON of ours."""
    stamp = _STAMP.decode(event.state)
    return Outgoing(
        topic,
        event.originator_id.hex.encode()
        if isinstance(event.originator_id, UUID)
        else event.originator_id.encode(),
        event.state,
        [
            ("event_id", stamp.event_id.encode()),
            ("topic", event.topic.encode()),
            ("originator_version", b"%d" % event.originator_version),
            ("notification_id", b"%d" % event.id),
            ("recorded_at", stamp.recorded_at.encode()),
            ("leaf_hash", leaf_hash(event.topic, event.state).hex().encode()),
        ],
    )


def continued(topic: str, partition: int, successor: str) -> Outgoing:
    """Return the last record of a partition, which says in which topic the events continue."""
    value = msgspec.json.encode({_CONTINUES: successor})
    return Outgoing(topic, None, value, [(_CONTINUES, successor.encode())], partition)


def is_continued(record: Any) -> bool:  # noqa: ANN401  kafka-python has no types
    """Return whether this record says that the events continue in another topic."""
    return any(key == _CONTINUES for key, _ in record.headers)


def recorded_at(state: bytes) -> str:
    """Return when we heard of the event in these bytes, as it stands there."""
    return _STAMP.decode(state).recorded_at


def header(record: Any, name: str) -> str:  # noqa: ANN401  kafka-python has no types
    """Return the text of a header. Raise `UnreadableRecordError` where there is none."""
    for key, value in record.headers:
        if key == name:
            return str(value, "utf-8")
    message = f"A record at {record.topic}, {record.partition}, {record.offset} lacks {name}."
    raise UnreadableRecordError(message)


def incoming(record: Any) -> Notification:  # noqa: ANN401  kafka-python has no types
    """Return the stored event back that a record was made of.

    Raise `UnreadableRecordError` where the record is not whole or its hash does not fit its bytes.
    """
    place = f"{record.topic}, {record.partition}, {record.offset}"
    said, topic = header(record, "leaf_hash"), header(record, "topic")
    if record.value is None or said != leaf_hash(topic, record.value).hex():
        message = f"The bytes of the record at {place} are not those that were recorded."
        raise UnreadableRecordError(message)
    try:
        return Notification(
            originator_id=UUID(hex=record.key.decode()),
            originator_version=int(header(record, "originator_version")),
            topic=topic,
            state=record.value,
            id=int(header(record, "notification_id")),
        )
    except ValueError as error:
        message = f"The record at {place} has a key or number that cannot be read."
        raise UnreadableRecordError(message) from error
