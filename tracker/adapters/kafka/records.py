"""The format of an event in Kafka: the stored bytes, unchanged, with headers that describe them.

The key is the dossier's id in 32 hexadecimal digits. Every header is text:

    event_id            the id that the sender gave the command
    topic               the event's stored name
    originator_version  the event's number within its dossier, from 1
    notification_id     the event's position in the event store
    recorded_at         the time at which the service recorded the event
    leaf_hash           the event's leaf hash in the transparency log (RFC 6962), in hexadecimal

After a rewrite of the topic, each partition of the old topic ends with a record without a key. Its
only header, `continues_in`, names the new topic. The new topic holds all events from the first.
"""

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification

from tracker.domain.errors import TrackerError
from tracker.domain.transparency_log.leaves import leaf_hash


class UnreadableRecordError(TrackerError):
    """A record of the events' topic does not have the format that the relay writes."""


class Outgoing(msgspec.Struct, frozen=True):
    """A record to send. Kafka chooses the partition by the key unless `partition` is set."""

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
    """Return the record of a stored event. Raise msgspec's errors if its state is invalid."""
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
    """Return the last record of a partition, which names the topic where the events continue."""
    value = msgspec.json.encode({_CONTINUES: successor})
    return Outgoing(topic, None, value, [(_CONTINUES, successor.encode())], partition)


def is_continued(record: Any) -> bool:  # noqa: ANN401  kafka-python has no types
    """Return whether this record announces that the events continue in another topic."""
    return any(key == _CONTINUES for key, _ in record.headers)


def recorded_at(state: bytes) -> str:
    """Return the `recorded_at` time of the event with this state, as ISO 8601 text."""
    return _STAMP.decode(state).recorded_at


def header(record: Any, name: str) -> str:  # noqa: ANN401  kafka-python has no types
    """Return the text of a header. Raise `UnreadableRecordError` if the header is missing."""
    for key, value in record.headers:
        if key == name:
            return str(value, "utf-8")
    message = f"A record at {record.topic}, {record.partition}, {record.offset} lacks {name}."
    raise UnreadableRecordError(message)


def incoming(record: Any) -> Notification:  # noqa: ANN401  kafka-python has no types
    """Return the stored event from which the relay made this record.

    Raise `UnreadableRecordError` if a part is missing or the hash does not match the bytes.
    """
    place = f"{record.topic}, {record.partition}, {record.offset}"
    recorded_hash, topic = header(record, "leaf_hash"), header(record, "topic")
    if record.value is None or recorded_hash != leaf_hash(topic, record.value).hex():
        message = f"The bytes of the record at {place} do not match its leaf_hash."
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
