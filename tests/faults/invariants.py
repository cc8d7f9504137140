"""What must hold whoever died when, seen by readers that share no code with the service.

The store is read by psycopg, the topic by kafka-python as `read_committed`; what stands in either
is judged here. Only the read models are judged by the service's own commands, and by what its
look-up answers.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from tests.faults.clients import Acknowledged, Client, Load
from tests.faults.machine_room import EVENTS, MachineRoom, wait_for
from tests.kafka.independent import headers, records

_SETTLED_WITHIN_S = 120
_SELECT = "SELECT notification_id, originator_id, originator_version, topic, state"


@dataclass(frozen=True)
class Stored:
    """A row of the event store."""

    position: int
    dossier: UUID
    version: int
    topic: str
    state: bytes

    def sent_as(self) -> tuple[str, str]:
        told = json.loads(self.state)
        return told["source"], told["event_id"]


def stored(url: str) -> list[Stored]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"{_SELECT} FROM stored_events ORDER BY 1").fetchall()
    return [Stored(row[0], row[1], row[2], row[3], bytes(row[4])) for row in rows]


def requests(url: str) -> list[tuple[Any, ...]]:
    """Give what is known of every request but the digest of what was sent."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT source, event_id, code, version, position FROM requests ORDER BY 1, 2"
        ).fetchall()


def published(servers: str) -> list[Any]:
    return records(servers, EVENTS)


def check_store(
    events: Sequence[Stored], known: Sequence[tuple[Any, ...]], told: Sequence[Acknowledged]
) -> None:
    """Each acknowledged message is stored once as it was answered, and nothing else is."""
    positions = [event.position for event in events]
    assert len(set(positions)) == len(positions)
    versions = defaultdict[UUID, list[int]](list)
    for event in events:
        versions[event.dossier].append(event.version)
    assert [one for one, got in versions.items() if got != list(range(1, len(got) + 1))] == []
    times = Counter(event.sent_as() for event in events)
    asked = {(one.source, one.event_id) for one in told}
    assert [key for key in asked if times[key] != 1] == []
    assert [key for key in times if key not in asked] == []
    answered = {(it.source, it.event_id, it.code, it.version, it.position) for it in told}
    assert set(known) == answered
    at = {event.position: event for event in events}
    assert [
        one
        for one in told
        if at[one.position].version != one.version
        or at[one.position].sent_as() != (one.source, one.event_id)
    ] == []


def check_topic(events: Sequence[Stored], found: Sequence[Any]) -> None:
    """The topic holds each stored event once, a dossier's in order, byte for byte, and no more."""
    order = defaultdict[str, list[int]](list)
    last: dict[int, int] = {}
    for record in found:
        said = headers(record)
        order[record.key.decode()].append(int(said["originator_version"]))
        assert int(said["notification_id"]) > last.get(record.partition, 0)
        last[record.partition] = int(said["notification_id"])
        assert said["leaf_hash"] == hashlib.sha256(b"\0" + record.value).hexdigest()
    assert [key for key, got in order.items() if got != list(range(1, len(got) + 1))] == []
    assert sorted(
        (
            int(headers(it)["notification_id"]),
            it.key.decode(),
            int(headers(it)["originator_version"]),
            headers(it)["topic"],
            it.value,
        )
        for it in found
    ) == [(it.position, it.dossier.hex, it.version, it.topic, it.state) for it in events]


def check_read_models(room: MachineRoom, told: Sequence[Acknowledged]) -> None:
    """Everybody finds what was acknowledged to him, and the read models equal a fold."""
    client = Client(room.port, room.keys, Load())
    newest: dict[str, Acknowledged] = {}
    for one in told:
        if one.code not in newest or newest[one.code].version < one.version:
            newest[one.code] = one
    for one in newest.values():
        found: tuple[int, Any] = (0, None)

        def is_found(one: Acknowledged = one) -> bool:
            nonlocal found
            found = client.ask("GET", f"/v1/lookup/{one.code}?after={one.position}")
            return found[0] not in {0, 503}

        wait_for(is_found, f"{one} is found")
        assert found[0] == 200, found
        assert (found[1]["code"], found[1]["status"]) == (one.code, one.status)
    client.close()
    room.tracker("verify")
    assert room.tracker("rebuild").stdout.count(": equal") == 4


def check(room: MachineRoom, told: Sequence[Acknowledged]) -> int:
    """Wait until all is quiet, check everything, and give how many events were checked."""
    wait_for(room.ready, "the service is ready again")
    events = stored(room.postgres.url)
    check_store(events, requests(room.postgres.url), told)
    found: list[Any] = []

    def all_there() -> bool:
        nonlocal found
        found = published(room.kafka.bootstrap_servers)
        return len(found) >= len(events)

    wait_for(all_there, "all is on Kafka", seconds=_SETTLED_WITHIN_S)
    check_topic(events, found)
    check_read_models(room, told)
    assert stored(room.postgres.url) == events
    assert len(published(room.kafka.bootstrap_servers)) == len(events)
    return len(events)
