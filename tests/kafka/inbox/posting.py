"""A partner's records in the inbox, the service behind it, and what comes out."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from kafka import KafkaProducer

from ops.reading_back import headers, records
from tests.kafka.relaying import until
from tracker.adapters.kafka.connection import KafkaConnection
from tracker.adapters.kafka.inbox.inbox import Handle, Inbox
from tracker.adapters.kafka.topics import TopicNames
from tracker.application.commands.envelope import Accepted, Envelope
from tracker.bootstrap import open_container
from tracker.container import Container
from tracker.domain.dossier.actors import Actor, Role
from tracker.domain.errors import TrackerError
from tracker.settings import Settings

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
SECRET = b"s" * 32
DESK = Actor(Role.STAFF, "desk", "CN01")


@dataclass
class Partner:
    """Who posts to Kafka with a key of its own."""

    connection: KafkaConnection
    names: TopicNames
    installed: Container
    key: str
    sent: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def intake(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        return {
            "event_id": f"intake-{next(self.numbers)}",
            "occurred_at": NOON.isoformat(),
            "procedure": "2.001610",
            "applicant": {"name": "Nguyễn Thị An", "phone": "0900 000 001"},
        } | changes

    def post(self, *items: object, key: str | None = "", **named: str) -> None:
        """Post JSON, or bytes as they are; with this partner's key unless told another."""
        shown = {"api-key": self.key if key == "" else key} | {
            name.replace("_", "-"): value for name, value in named.items()
        }
        given = [(name, value.encode()) for name, value in shown.items() if value is not None]
        producer = KafkaProducer(bootstrap_servers=self.connection.servers)
        for item in items:
            value = item if isinstance(item, bytes) else json.dumps(item).encode()
            producer.send(self.names.inbox, value, key=b"mine", headers=given).get(10)
            self.sent += 1
        producer.close()

    def raw_answers(self) -> list[Any]:
        return records(self.connection.servers, self.names.answers)

    def answers(self, expected: int | None = None) -> list[dict[str, Any]]:
        """Return the answers in the order of what was posted, when they are all there."""
        wanted = self.sent if expected is None else expected
        until(lambda: len(self.raw_answers()) >= wanted)
        found = sorted(self.raw_answers(), key=lambda one: int(headers(one)["inbox-offset"]))
        assert len(found) == wanted
        return [json.loads(one.value) for one in found]

    def stored(self) -> int:
        return self.installed.tracker.store.max_notification_id() or 0


@contextmanager
def partner(connection: KafkaConnection, names: TopicNames, directory: Path) -> Iterator[Partner]:
    with open_container(Settings(data_dir=directory), now=lambda: NOON) as installed:
        yield Partner(connection, names, installed, installed.keys.make(DESK, NOON))


@contextmanager
def serving(
    partner: Partner, handle: Handle | None = None, *, secret: bytes = SECRET
) -> Iterator[Inbox]:
    """Let an inbox work meanwhile; what ended it is raised at the end."""
    inbox = Inbox(
        partner.connection,
        partner.names,
        handle=handle or partner.installed.tracker.handle,
        keys=partner.installed.keys,
        secret=secret,
    )
    failed: list[BaseException] = []

    def run() -> None:
        try:
            inbox.run()
        except BaseException as error:  # noqa: BLE001  the test looks at it
            failed.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        inbox.stop()
        thread.join(30)
        assert not thread.is_alive()
        if failed:
            raise failed[0]


def failing(
    handle: Handle, fails: Callable[[Sequence[Envelope]], Exception | None]
) -> Callable[[Sequence[Envelope]], Sequence[Accepted | TrackerError]]:
    """Return a handler that fails before it does anything, as long as it is told to."""

    def carry_out(posts: Sequence[Envelope]) -> Sequence[Accepted | TrackerError]:
        error = fails(posts)
        if error:
            raise error
        return handle(posts)

    return carry_out
