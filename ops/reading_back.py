"""Checks that the service stored and published what it acknowledged. Shares no code with it.

psycopg reads the store; kafka-python reads the topic as `read_committed`. Each fault is returned as
a sentence.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from kafka import KafkaConsumer, TopicPartition

EVENTS_TOPIC = "tracker.dossier-events"
POSITIONS_TOPIC = "tracker.relay-positions"

_SELECT = "SELECT notification_id, originator_id, originator_version, topic, state"

NONE = range(0)
"""No position."""

Message = tuple[str, str]
"""The sender of a command and its event id: together they are unique."""


@dataclass(frozen=True)
class Stored:
    """A row of the event store."""

    position: int
    dossier: UUID
    version: int
    topic: str
    state: bytes

    def sent_as(self) -> Message:
        """Return the command that led to it."""
        ack = json.loads(self.state)
        return ack["source"], ack["event_id"]


@dataclass(frozen=True)
class Acknowledged:
    """A command that the service acknowledged as stored."""

    source: str
    event_id: str
    code: str
    version: int
    position: int
    status: int

    @property
    def message(self) -> Message:
        """Return the command that it answers."""
        return self.source, self.event_id


def stored(url: str, *, without: range = NONE) -> list[Stored]:
    """Return every event of the store in order, except those at the positions `without`."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            f"{_SELECT} FROM stored_events"
            " WHERE notification_id < %s OR notification_id >= %s ORDER BY 1",
            (without.start, without.stop),
        ).fetchall()
    return [Stored(row[0], row[1], row[2], row[3], bytes(row[4])) for row in rows]


def requests(url: str, *, without: range = NONE) -> list[tuple[Any, ...]]:
    """Return every stored request, without the digest of its content."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT source, event_id, code, version, position FROM requests"
            " WHERE position < %s OR position >= %s ORDER BY 1, 2",
            (without.start, without.stop),
        ).fetchall()


def records(servers: str, topic: str, *, without: range = NONE) -> list[Any]:
    """Return every committed record of a topic, partition by partition, in order.

    Records of events at the positions `without` are read and ignored.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    try:
        partitions = [
            TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found: dict[TopicPartition, list[Any]] = defaultdict(list)
        while any(consumer.position(one) < ends[one] for one in partitions):
            for partition, got in consumer.poll(timeout_ms=200).items():
                found[partition] += [
                    one
                    for one in got
                    if one.offset < ends[partition] and _position(one) not in without
                ]
    finally:
        consumer.close()
    return [record for partition in sorted(found) for record in found[partition]]


def _position(record: Any) -> int:  # noqa: ANN401  as `headers`
    return next((int(value) for name, value in record.headers if name == "notification_id"), 0)


def headers(record: Any) -> dict[str, str]:  # noqa: ANN401  kafka-python has no types
    """Return the headers of a record as text."""
    return {name: value.decode() for name, value in record.headers}


def events_topic(servers: str) -> str:
    """Return the generation of the events' topic that the relay writes to."""
    said = [json.loads(one.value) for one in records(servers, POSITIONS_TOPIC)]
    number = said[-1].get("generation", 1) if said else 1
    return EVENTS_TOPIC if number == 1 else f"{EVENTS_TOPIC}.g{number}"


def without_repeats(found: Sequence[Any]) -> list[Any]:
    """Return the records without those that repeat an earlier one byte for byte."""
    firsts: dict[tuple[Any, ...], Any] = {}
    for one in found:
        firsts.setdefault((one.partition, *_as_published(one), *headers(one).items()), one)
    return list(firsts.values())


def faults_of_store(
    events: Sequence[Stored],
    known: Sequence[tuple[Any, ...]],
    acknowledged: Iterable[Acknowledged],
    *,
    unanswered: Collection[Message] = (),
) -> list[str]:
    """Return the faults of the store: each acknowledged command is there once, and no other.

    `unanswered` commands were sent without an answer: they may be there once or not at all. A
    command may lead to several consecutive events of one dossier, each of another kind.
    """
    faults = [
        f"position {position} exists {times} times in the store"
        for position, times in Counter(event.position for event in events).items()
        if times > 1
    ]
    faults += _gaps("the store", ((event.dossier.hex, event.version) for event in events))
    by_message = defaultdict[Message, list[Stored]](list)
    for event in events:
        by_message[event.sent_as()].append(event)
    answered = {ack.message: ack for ack in acknowledged}
    for message, ack in answered.items():
        faults += _faults_of_message(ack, by_message.get(message, []))
    for message, got in by_message.items():
        if message not in answered and message not in unanswered:
            faults.append(f"{message} is stored, but no client sent it")
        if len({event.topic for event in got}) < len(got):
            faults.append(f"{message} is stored more than once")
    requests_acknowledged = {
        (request.source, request.event_id, request.code, request.version, request.position)
        for request in acknowledged
    }
    requests_known = {row for row in known if row[:2] not in unanswered}
    for row in requests_known ^ requests_acknowledged:
        faults.append(f"the store and the answers differ on {row}")
    return faults


def _faults_of_message(ack: Acknowledged, got: Sequence[Stored]) -> list[str]:
    if not got:
        return [f"{ack.message} was acknowledged and is not stored"]
    versions = [event.version for event in got]
    first = ack.version - len(got) + 1
    is_one_run = versions == list(range(first, ack.version + 1))
    if not is_one_run or len({event.dossier for event in got}) > 1:
        return [f"{ack.message} was acknowledged as {ack.version}, and is stored as {versions}"]
    if got[-1].position != ack.position:
        return [f"{ack.message} was acknowledged at {ack.position}, not {got[-1].position}"]
    return []


def faults_of_topic(events: Sequence[Stored], found: Sequence[Any]) -> list[str]:
    """Return the faults of the topic: each event of the store, in order, byte for byte.

    Equal repeats do no harm and are ignored.
    """
    faults = []
    found = without_repeats(found)
    last: dict[int, int] = {}
    for record in found:
        said = headers(record)
        position = int(said["notification_id"])
        if position <= last.get(record.partition, 0):
            faults.append(f"position {position} is out of order in partition {record.partition}")
        last[record.partition] = position
        leaf = b"\0" + said["topic"].encode() + b"\n" + record.value
        if said["leaf_hash"] != hashlib.sha256(leaf).hexdigest():
            faults.append(f"position {position} does not bear its own hash")
    faults += _gaps(
        "the topic",
        ((request.key.decode(), int(headers(request)["originator_version"])) for request in found),
    )
    published = Counter(_as_published(record) for record in found)
    wanted = Counter(
        (request.position, request.dossier.hex, request.version, request.topic, request.state)
        for request in events
    )
    faults += [f"position {one[0]} is stored and not published" for one in wanted - published]
    faults += [f"position {one[0]} is published and not stored so" for one in published - wanted]
    return faults


def _as_published(record: Any) -> tuple[int, str, int, str, bytes]:  # noqa: ANN401  as `headers`
    said: Mapping[str, str] = headers(record)
    return (
        int(said["notification_id"]),
        record.key.decode(),
        int(said["originator_version"]),
        said["topic"],
        record.value,
    )


def _gaps(where: str, versions: Iterable[tuple[str, int]]) -> list[str]:
    by_dossier = defaultdict[str, list[int]](list)
    for dossier, version in versions:
        by_dossier[dossier].append(version)
    return [
        f"dossier {dossier} has the versions {got} in {where}"
        for dossier, got in by_dossier.items()
        if got != list(range(1, len(got) + 1))
    ]
